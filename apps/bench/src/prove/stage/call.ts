import { Agent, request } from "node:http";

/** What a server answered to a call. */
export type Answered = { readonly status: number; readonly text: string };

/** What a call says. */
export type CallOptions = {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 64 });

/**
 * Makes a call and reads its answer to the end, a stream too.
 *
 * @throws Error as the socket reports it when the server is not there, or goes away before it has answered.
 */
export function call(method: "GET" | "POST", url: string, options: CallOptions = {}): Promise<Answered> {
  const { token, body, headers } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        agent,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * Makes a call that has to succeed.
 *
 * @throws Error with what the server said instead.
 */
export async function callForJson<T>(
  method: "GET" | "POST",
  url: string,
  options: CallOptions = {},
): Promise<T> {
  const { status, text } = await call(method, url, options);
  if (status < 200 || status > 299) throw new Error(`${method} ${url} answered ${status}: ${text}`);
  return JSON.parse(text) as T;
}

/** Calls a query or a mutation of tRPC. */
export function callProcedure(
  kind: "query" | "mutation",
  given: { readonly url: string; readonly token: string; readonly path: string; readonly input: unknown },
): Promise<Answered> {
  const { url, token, path, input } = given;
  const body = { json: input };
  if (kind === "mutation") return call("POST", `${url}/trpc/${path}`, { token, body });
  return call("GET", `${url}/trpc/${path}?input=${encodeURIComponent(JSON.stringify(body))}`, { token });
}

/** What a procedure answered with. */
export function readResult({ text }: Answered): unknown {
  return (JSON.parse(text) as { result: { data: { json: unknown } } }).result.data.json;
}

/**
 * Calls a procedure that has to succeed, and answers with its result.
 *
 * @throws Error with what the server said instead.
 */
export async function callForResult<T>(
  kind: "query" | "mutation",
  given: { readonly url: string; readonly token: string; readonly path: string; readonly input: unknown },
): Promise<T> {
  const answered = await callProcedure(kind, given);
  if (answered.status !== 200) throw new Error(`${given.path} answered ${answered.status}: ${answered.text}`);
  return readResult(answered) as T;
}

/** Closes the connections that calls have left open for those to come. */
export function closeIdle(): void {
  agent.destroy();
}
