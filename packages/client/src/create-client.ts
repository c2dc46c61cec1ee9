import type { AppRouter } from "@llm-backend/server";
import { createTRPCClient, type TRPCClient } from "@trpc/client";
import { createAttachmentClient, type AttachmentClient } from "./attachment/create-attachment-client.ts";
import { createChatStreams, type ChatClient } from "./chat/create-chat-client.ts";
import {
  toProcedureUrl,
  type BaseOptions,
  type FetchFunction,
  type SessionClientOptions,
  type TokenOptions,
} from "./client-options.ts";
import { createDocumentClient, type DocumentClient } from "./document/create-document-client.ts";
import { createLinks } from "./links/create-links.ts";
import { createSession, type Session } from "./session/create-session.ts";
import { createGivenTokens, type TokenSource } from "./session/token-source.ts";
import { createSseTransport } from "./transport/sse-transport.ts";
import type { Transport } from "./transport/transport.ts";
import { createWebSocketTransport } from "./transport/web-socket-transport.ts";

/**
 * All procedures of the server, as tRPC's own client has them: `client.conversation.list.query()`. In `chat`, what
 * brings an answer is a stream that survives lost connections.
 */
export type Client = Omit<TRPCClient<AppRouter>, "chat"> & {
  readonly chat: ChatClient;
  /** Files to send with messages; what is known of them is in `attachment`. */
  readonly attachments: AttachmentClient;
  /** Documents to be looked up; what is known of them is in `knowledge`. */
  readonly documents: DocumentClient;
  /** Plain tRPC, for instance for `@trpc/tanstack-react-query`. */
  readonly trpc: TRPCClient<AppRouter>;
  /** Ends all streams of this client, not the answers, and lets go of its connections. */
  close(): void;
};

/** A client that keeps its login. */
export type SessionClient = Client & { readonly session: Session };

/**
 * Creates a client.
 *
 * @example
 * const client = createClient({ url: "https://chat.example.org" });
 * await client.session.login({ username: "ada", password: "correct horse" });
 * const { conversations } = await client.conversation.list.query({});
 */
export function createClient(options: SessionClientOptions): SessionClient;
/** Creates a client for a token that the application has, or gets by itself. */
export function createClient(options: TokenOptions): Client;
export function createClient(options: SessionClientOptions | TokenOptions): Client {
  const closing = new AbortController();
  const url = toProcedureUrl(options.url);
  const fetch: FetchFunction = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const transport = createTransport(options, { url, fetch });
  const { retry } = options;

  const session = isForSession(options)
    ? createSession(options.session ?? {}, {
        login: (credentials) => trpc.auth.login.mutate(credentials),
        refresh: (refreshToken) => trpc.auth.refresh.mutate({ refreshToken }),
        logout: () => trpc.auth.logout.mutate(),
      })
    : undefined;
  const tokens: TokenSource = session ?? createGivenTokens(options.getToken ?? (() => options.token));
  const trpc = createTRPCClient<AppRouter>({
    links: createLinks({ url, fetch, tokens, transport, retry, closing: closing.signal }),
  });
  const chat = layOver(trpc.chat, createChatStreams({ chat: trpc.chat, retry, closing: closing.signal }));
  const attachments = createAttachmentClient({ url, fetch, tokens });
  const documents = createDocumentClient({ url, fetch, tokens });
  const close = () => {
    closing.abort();
    transport.close();
  };
  return layOver(trpc, {
    chat,
    attachments,
    documents,
    trpc,
    close,
    ...(session === undefined ? {} : { session }),
  });
}

function isForSession(options: SessionClientOptions | TokenOptions): options is SessionClientOptions {
  return options.token === undefined && options.getToken === undefined;
}

function createTransport(
  options: BaseOptions,
  given: { readonly url: URL; readonly fetch: FetchFunction },
): Transport {
  const { silenceMsMax } = options;
  if (options.transport !== "websocket") return createSseTransport({ ...given, silenceMsMax });
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (WebSocket === undefined) {
    throw new TypeError('There is no WebSocket here: pass one as `WebSocket`, or use the transport "sse".');
  }
  return createWebSocketTransport({ url: given.url, WebSocket, silenceMsMax });
}

/** Puts members of our own before those of a proxy of tRPC, which has a member of every name. */
function layOver<TBase extends object, TOwn extends object>(
  base: TBase,
  own: TOwn,
): Omit<TBase, keyof TOwn> & TOwn {
  return new Proxy(own, {
    get: (target, key): unknown => Reflect.get(Object.hasOwn(target, key) ? target : base, key),
  }) as Omit<TBase, keyof TOwn> & TOwn;
}
