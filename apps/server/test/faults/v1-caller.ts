import { Agent, request, type IncomingMessage } from "node:http";
import { readAnswer, type HeardAnswer, type RawAnswer } from "./heard-answer.ts";

/** A request under `/v1`. */
export type V1Request = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Sees the bytes as they come. */
  readonly onBytes?: (bytes: Buffer) => void;
};

/** The token of the one caller of these tests. */
export const callerToken = "token-of-the-caller-4b1d7e";

/** Answers arrive here, whole or cut; a request that gets no head at all rejects. */
export function callV1(url: string, path: string, asked: V1Request = {}): Promise<RawAnswer> {
  const startedAt = performance.now();
  // A connection of its own: how the last answer ended has no part in this one. It asks to be kept, as clients do.
  const agent = new Agent({ keepAlive: true });
  return new Promise<RawAnswer>((resolve, reject) => {
    const sent = request(`${url}/v1${path}`, {
      method: asked.method ?? "POST",
      agent,
      headers: {
        authorization: `Bearer ${callerToken}`,
        ...(asked.body !== undefined && { "content-length": Buffer.byteLength(asked.body) }),
        ...asked.headers,
      },
      ...(asked.signal !== undefined && { signal: asked.signal }),
    });
    let isAnswered = false;
    sent.once("response", (response) => {
      isAnswered = true;
      resolve(collect(response, { startedAt, onBytes: asked.onBytes }));
    });
    // An answer that came before the upload ended counts, whatever becomes of the rest of the upload.
    sent.on("error", (error) => {
      if (!isAnswered) reject(error);
    });
    sent.end(asked.body);
  }).finally(() => agent.destroy());
}

type Collecting = { readonly startedAt: number; readonly onBytes: V1Request["onBytes"] };

function collect(response: IncomingMessage, { startedAt, onBytes }: Collecting): Promise<RawAnswer> {
  const headMs = performance.now() - startedAt;
  const chunks: Buffer[] = [];
  response.on("data", (bytes: Buffer) => {
    chunks.push(bytes);
    onBytes?.(bytes);
  });
  // What is wrong with an end shows in `complete`.
  response.on("error", () => {});
  return new Promise((resolve) => {
    response.once("close", () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        bytes: Buffer.concat(chunks),
        isCut: !response.complete,
        headMs,
        totalMs: performance.now() - startedAt,
      }),
    );
  });
}

/** Asks for a chat completion; the fields replace those of a plain streamed question. */
export async function askV1(
  url: string,
  fields: Readonly<Record<string, unknown>> = {},
  rest: Omit<V1Request, "body"> = {},
): Promise<HeardAnswer> {
  const question = { model: "fake-model", stream: true, messages: [{ role: "user", content: "Hi" }] };
  const body = JSON.stringify({ ...question, ...fields });
  const headers = { "content-type": "application/json", ...rest.headers };
  return readAnswer(await callV1(url, "/chat/completions", { ...rest, headers, body }));
}
