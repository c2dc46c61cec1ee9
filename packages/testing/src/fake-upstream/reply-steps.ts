/** Where a wait ends: after a time, when a gate of the upstream is opened, or with a promise of the test. */
export type WaitStep =
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "wait"; readonly gate: string }
  | { readonly do: "wait"; readonly until: Promise<unknown> };

/** The fields in which providers send pieces of an answer. */
export type DeltaField = "content" | "reasoning_content" | "reasoning" | "refusal";

/**
 * Everything the fake upstream can do while it answers. All but `wait … until` is plain data, so that a script can be
 * sent to another process as JSON.
 */
export type Step =
  | WaitStep
  /** Writes the answer's head now; without this step it goes out with the first bytes of the body. */
  | { readonly do: "head" }
  /** A chunk that names the role and holds no text, as most providers begin. */
  | { readonly do: "role" }
  /** One chunk for each piece; `apart`: each in a TCP write of its own. */
  | {
      readonly do: "say";
      readonly pieces: readonly string[];
      readonly as: DeltaField;
      readonly apart: boolean;
    }
  /** One frame that holds this JSON. */
  | { readonly do: "event"; readonly data: unknown; readonly event?: string }
  /** A comment line, as providers send to keep a connection open. */
  | { readonly do: "comment"; readonly text: string }
  /** The end of an answer: each of the three frames may be left out. */
  | {
      readonly do: "finish";
      readonly reason: string | null;
      readonly usage: Readonly<Record<string, unknown>> | null;
      readonly done: boolean;
    }
  /** Bytes of the body, framed as the reply says. */
  | { readonly do: "raw"; readonly bytes: string | Uint8Array }
  /** Bytes on the socket as they are: no head before them, no framing around them. */
  | { readonly do: "wire"; readonly bytes: string | Uint8Array }
  /** Never goes on; ends when the client closes. */
  | { readonly do: "stall" }
  /** FIN, with or without the chunk that ends the body. */
  | { readonly do: "cut"; readonly terminated: boolean }
  /** RST. */
  | { readonly do: "reset" };

/** One answer of the fake upstream. */
export type Reply = {
  /** @default 200 */
  readonly status?: number;
  /** Added to the head; `null` takes a header out of it. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>;
  /** How the body's end is marked. `length` counts all steps, also those after a cut. @default "chunked" */
  readonly framing?: "chunked" | "length" | "eof";
  /** `false` says `Connection: close` and closes at the end. @default true */
  readonly keepAlive?: boolean;
  /** Offsets into the body: each piece between two of them is an HTTP chunk and a TCP write of its own. */
  readonly splitAt?: readonly number[] | "every-byte";
  readonly steps: readonly Step[] | AsyncIterable<Step>;
};

/** Pieces of the answer's text, each a chunk. */
export function say(
  pieces: string | readonly string[],
  options: { readonly as?: DeltaField; readonly apart?: boolean } = {},
): Step {
  return {
    do: "say",
    pieces: typeof pieces === "string" ? [pieces] : pieces,
    as: options.as ?? "content",
    apart: options.apart ?? false,
  };
}

/** Pieces of the model's reasoning, each a chunk. */
export function think(pieces: string | readonly string[], as: DeltaField = "reasoning_content"): Step {
  return say(pieces, { as });
}

/** The end of an answer; without options a complete one: finish reason, usage, `[DONE]`. */
export function finish(
  options: {
    readonly reason?: string | null;
    readonly usage?: Readonly<Record<string, unknown>> | null;
    readonly done?: boolean;
  } = {},
): Step {
  const { reason = "stop", usage = usageOfFake, done = true } = options;
  return { do: "finish", reason, usage, done };
}

/** The usage that a complete answer reports unless told otherwise. */
export const usageOfFake = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

export const head = (): Step => ({ do: "head" });
export const role = (): Step => ({ do: "role" });
export const comment = (text = "ping"): Step => ({ do: "comment", text });
export const event = (data: unknown, name?: string): Step =>
  name === undefined ? { do: "event", data } : { do: "event", data, event: name };
export const raw = (bytes: string | Uint8Array): Step => ({ do: "raw", bytes });
export const wire = (bytes: string | Uint8Array): Step => ({ do: "wire", bytes });
export const stall = (): Step => ({ do: "stall" });
export const reset = (): Step => ({ do: "reset" });
/** FIN; `terminated` writes the chunk that ends the body first, so that only the announced keep-alive is broken. */
export const cut = (options: { readonly terminated?: boolean } = {}): Step => ({
  do: "cut",
  terminated: options.terminated ?? false,
});
/** Waits for a number of milliseconds, for a gate by its name, or for a promise. */
export function wait(forWhat: number | string | Promise<unknown>): WaitStep {
  if (typeof forWhat === "number") return { do: "wait", ms: forWhat };
  return typeof forWhat === "string" ? { do: "wait", gate: forWhat } : { do: "wait", until: forWhat };
}

/** A complete streamed answer. */
export function answer(pieces: string | readonly string[], options: Omit<Reply, "steps"> = {}): Reply {
  return { ...options, steps: [role(), say(pieces), finish()] };
}

/** A status with a JSON body: how providers refuse a request. */
export function fail(
  status: number,
  body: unknown = { error: { message: "fake failure" } },
  headers = {},
): Reply {
  return {
    status,
    framing: "length",
    headers: { "content-type": "application/json", ...headers },
    steps: [raw(JSON.stringify(body))],
  };
}

/** A whole body that is no stream: an HTML page, a JSON document, a picture. */
export function page(contentType: string, body: string | Uint8Array, status = 200): Reply {
  return { status, framing: "length", headers: { "content-type": contentType }, steps: [raw(body)] };
}
