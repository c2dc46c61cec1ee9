import type { Socket } from "node:net";
import { Agent, Client, Pool, type Dispatcher } from "undici";
import { createOpenSocket, type ConnectionOptions } from "./open-socket.ts";
import { UploadBody } from "./upload-body.ts";

/** A request as it goes over a connection. */
export type WireRequest = {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer | UploadBody | null;
};

/** Who a connection works for: undici's handler, which is also shown the socket while it is being connected. */
export type ConnectionUser = Dispatcher.DispatchHandler & { readonly onConnecting: (socket: Socket) => void };

/** The kept-alive connections to all upstreams. */
export type Connections = {
  /** Sends a request on an idle connection, or on a new one. `isFresh`: on a new one in any case. */
  readonly dispatch: (request: WireRequest, user: ConnectionUser, isFresh: boolean) => void;
  /** Destroys every connection. */
  readonly close: () => Promise<void>;
};

const headerBytesMax = 16 * 1024;
// Longer than most pauses of a reader, shorter than what most servers keep open.
const idleMsMax = 20_000;

// undici takes any method and says so with a list of names; whatever Node has parsed is one.
function toDispatch(request: WireRequest): Agent.DispatchOptions {
  const { body } = request;
  return (body instanceof UploadBody ? { ...request, body: body.open() } : request) as Agent.DispatchOptions;
}

/** Creates the connections of one gateway. */
export function createConnections(connecting?: ConnectionOptions): Connections {
  const openSocket = createOpenSocket(connecting);
  const fresh = new Set<Client>();
  const options = {
    // Over one HTTP/2 connection a single reset would end many answers, and an abort would not close a socket.
    allowH2: false,
    maxHeaderSize: headerBytesMax,
    keepAliveTimeout: idleMsMax,
    // The clocks of an attempt are the only ones.
    bodyTimeout: 0,
    headersTimeout: 0,
  };

  /**
   * undici connects when it needs to, for whichever request stands first. With one request at a time on a connection
   * that is always the last one dispatched to it, which thereby learns of the socket and can close it.
   */
  function createClient(origin: string | URL, clientOptions: object): Client {
    let user: ConnectionUser | undefined;
    const client = new Client(origin, {
      ...clientOptions,
      connect: (target, callback) => {
        const socket = openSocket(target, callback);
        user?.onConnecting(socket);
      },
    });
    const dispatch = client.dispatch.bind(client);
    client.dispatch = (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
      user = handler as ConnectionUser;
      return dispatch(request, handler);
    };
    // An idle connection holds on to nothing of its last request.
    client.on("drain", () => {
      user = undefined;
    });
    return client;
  }

  const agent = new Agent({
    ...options,
    factory: (origin, poolOptions: Pool.Options) =>
      new Pool(origin, { ...poolOptions, factory: createClient }),
  });

  function dispatchFresh(request: WireRequest, user: ConnectionUser): void {
    const client = createClient(request.origin, options);
    fresh.add(client);
    client.dispatch(toDispatch(request), user);
    // Closing waits for the request under way.
    void client.close().finally(() => fresh.delete(client));
  }

  return {
    dispatch(request, user, isFresh) {
      if (isFresh) dispatchFresh(request, user);
      else agent.dispatch(toDispatch(request), user);
    },
    async close() {
      await Promise.all([agent.destroy(), ...Array.from(fresh, (client) => client.destroy())]);
    },
  };
}
