import OpenAI from "openai";
import { callerToken, setStage, type OpenAiStage, type OpenAiStageOptions } from "../openai/openai-stage.ts";

/** A chunk of an answer, as it came. */
export type WireChunk = {
  readonly id?: string;
  readonly object?: string;
  readonly model?: string;
  readonly choices?: readonly {
    readonly index: number;
    readonly delta: {
      readonly role?: string;
      readonly content?: string;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Readonly<Record<string, unknown>> | null;
  readonly error?: { readonly message: string; readonly code: string };
  readonly metadata?: unknown;
};

/** An answer as a voice engine hears it. */
export type HeardVoice = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** The parsed body of an answer that is no stream. */
  readonly json: unknown;
  readonly chunks: readonly WireChunk[];
  /** The text of the answer, without the waiting sentence. */
  readonly text: string;
  readonly finishReasons: readonly string[];
  readonly dones: number;
};

/** What a voice engine asks. */
export type VoiceAsk = {
  readonly token?: string | undefined;
  readonly signal?: AbortSignal;
  readonly method?: string;
};

/** A stage with a caller of every path. */
export type VoiceStage = OpenAiStage & {
  /** Asks a path; fields replace those of a plain streamed question. */
  ask(path: string, fields?: object, given?: VoiceAsk): Promise<HeardVoice>;
  /** The official client, with what stands before `/chat/completions`. */
  openai(prefix: string): OpenAI;
  /** What the upstream was asked, call by call. */
  asked(): AskedBody[];
};

/** A body as an upstream got it. */
export type AskedBody = Readonly<Record<string, unknown>> & {
  readonly messages: readonly {
    readonly role: string;
    readonly content: string;
    readonly [name: string]: unknown;
  }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
};

/** Sets a stage for calls of voice engines. */
export async function setVoiceStage(options: OpenAiStageOptions = {}): Promise<VoiceStage> {
  const stage = await setStage(options);
  return Object.assign(stage, {
    ask: (path: string, fields = {}, given: VoiceAsk = {}) =>
      askVoice(stage.backend.url, path, { fields, ...given }),
    openai: (prefix: string) =>
      new OpenAI({ apiKey: callerToken, baseURL: `${stage.backend.url}${prefix}`, maxRetries: 0 }),
    asked: () => stage.upstream.calls.map(({ body }) => body as AskedBody),
  });
}

/** Asks a path of a server. */
export async function askVoice(
  url: string,
  path: string,
  { fields, token = callerToken, signal, method = "POST" }: VoiceAsk & { readonly fields: object },
): Promise<HeardVoice> {
  const question = { model: "fake-model", stream: true, messages: [{ role: "user", content: "Hi" }] };
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(method === "POST" && { body: JSON.stringify({ ...question, ...fields }) }),
    ...(signal !== undefined && { signal }),
  });
  return readVoice(response.status, response.headers, await response.text());
}

/** Reads an answer strictly: frames end with a blank line, and hold JSON. */
function readVoice(status: number, headers: Headers, body: string): HeardVoice {
  const isStream = (headers.get("content-type") ?? "").startsWith("text/event-stream");
  const frames = isStream ? readFrames(body) : [];
  const chunks = frames.filter((data) => data !== "[DONE]").map((data) => JSON.parse(data) as WireChunk);
  const choices = chunks
    .filter(({ id }) => id !== "waiting_msg")
    .flatMap((chunk) => chunk.choices ?? [])
    .filter(({ index }) => index === 0);
  return {
    status,
    headers,
    body,
    json: isStream ? undefined : (JSON.parse(body) as unknown),
    chunks,
    text: choices.map(({ delta }) => delta.content ?? "").join(""),
    finishReasons: choices.flatMap(({ finish_reason: reason }) => (reason === null ? [] : [reason])),
    dones: frames.filter((data) => data === "[DONE]").length,
  };
}

function readFrames(body: string): string[] {
  const frames = body.split("\n\n");
  if (frames.pop() !== "") throw new Error(`The stream ends in the middle of a frame: ${body.slice(-200)}`);
  return frames.flatMap((frame) => (frame.startsWith("data: ") ? [frame.slice("data: ".length)] : []));
}

/** What an engine sends beside OpenAI's fields. */
export const engineWords = {
  context: { appId: "app-1", userId: "user-1", channel: "room-1" },
  turn_id: 7,
  timestamp: 1_790_000_000_123,
  interruptable: true,
} as const;

/** The records of the newest calls, newest first. */
export async function readRecords(stage: OpenAiStage) {
  const { records } = stage.backend.server.backend.services;
  await records.flush();
  return (await records.list({ limit: 50 })).records;
}
