import type { RetryOptions } from "./retry/backoff.ts";
import type { SessionOptions } from "./session/create-session.ts";
import type { MaybePromise } from "./session/token-source.ts";

/** `fetch`, as far as the client uses it. */
export type FetchFunction = (url: string, init?: RequestInit) => Promise<Response>;

/** A class of WebSockets, as far as the client uses it: a browser's, Node's, or that of `ws`. */
export type WebSocketClass = new (url: string) => {
  readonly readyState: number;
  readonly OPEN: number;
  send(text: string): void;
  close(): void;
  addEventListener(type: "open" | "error" | "close", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
};

/** What every client is told. */
export type BaseOptions = {
  /** The server's base URL. In a browser it may be relative to the page; `/` is the server that the page came from. */
  readonly url: string | URL;
  /** @default the global `fetch` */
  readonly fetch?: FetchFunction;
  /**
   * How streams travel. Server-sent events pass every proxy; over HTTP/1.1 a browser opens no more than six of them,
   * for all tabs together. A WebSocket carries any number.
   *
   * @default "sse"
   */
  readonly transport?: "sse" | "websocket";
  /** For runtimes without a global `WebSocket`, such as Node 20. */
  readonly WebSocket?: WebSocketClass;
  /** How hard streams try to come back; each stream can say otherwise. */
  readonly retry?: RetryOptions;
  /** A stream that is silent for so long is taken for dead, and reconnected. @default 30_000; the server pings every 10 s */
  readonly silenceMsMax?: number;
};

/** A client whose application has a token, or gets one by itself. */
export type TokenOptions = BaseOptions & {
  readonly session?: never;
} & (
    | { readonly token: string; readonly getToken?: never }
    | {
        readonly token?: never;
        /** Asked before each request, and again on each reconnect. */
        readonly getToken: () => MaybePromise<string | null | undefined>;
      }
  );

/** A client that logs in and keeps its session. */
export type SessionClientOptions = BaseOptions & {
  readonly token?: never;
  readonly getToken?: never;
  readonly session?: SessionOptions;
};

/** Where the server's procedures are. */
export function toProcedureUrl(url: string | URL): URL {
  const page = globalThis.location as Location | undefined;
  const base = new URL(url, page?.href);
  base.search = "";
  base.hash = "";
  base.pathname = base.pathname.replace(/(\/trpc)?\/*$/, "/trpc");
  return base;
}
