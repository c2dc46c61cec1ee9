import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { buildConnector } from "undici";

/** How connections are made. */
export type ConnectionOptions = {
  /** Resolves host names. @default the system's resolver */
  readonly lookup?: LookupFunction;
  /** Certificates to trust in place of the built-in ones, as PEM. */
  readonly ca?: string | readonly string[];
};

/** Opens the socket of one connection; the callback learns once whether it is connected, and encrypted where it has to be. */
export type OpenSocket = (target: buildConnector.Options, callback: buildConnector.Callback) => Socket;

const keepAliveAfterMs = 60_000;
const sessionsMax = 100;
/** What waits in the process while nobody takes an answer; one that is taken leaves it empty. */
const buffering = { highWaterMark: 16 * 1024 };

/** TLS sessions by server name, so that a further connection needs no full handshake. The oldest go first. */
function createSessionStore() {
  const sessions = new Map<string, Buffer>();
  return {
    find: (name: string) => sessions.get(name),
    keep(name: string, socket: TLSSocket) {
      socket.on("session", (session: Buffer) => {
        sessions.delete(name);
        sessions.set(name, session);
        const [oldest] = sessions.keys();
        if (sessions.size > sessionsMax && oldest !== undefined) sessions.delete(oldest);
      });
    },
  };
}

/** Creates the opener of all sockets of a gateway. Certificates are always verified. */
export function createOpenSocket(options: ConnectionOptions = {}): OpenSocket {
  const sessions = createSessionStore();
  const resolving = options.lookup === undefined ? {} : { lookup: options.lookup };
  const trusting = options.ca === undefined ? {} : { ca: [options.ca].flat() };

  function openTls(host: string, port: number): TLSSocket {
    const session = sessions.find(host);
    const socket = connectTls({
      host,
      port,
      ALPNProtocols: ["http/1.1"],
      ...(isIP(host) === 0 && { servername: host }),
      ...(session !== undefined && { session }),
      ...resolving,
      ...trusting,
      ...buffering,
    });
    sessions.keep(host, socket);
    return socket;
  }

  return ({ hostname, port, protocol }, callback) => {
    const isTls = protocol === "https:";
    const portNumber = Number(port) || (isTls ? 443 : 80);
    const socket = isTls
      ? openTls(hostname, portNumber)
      : connect({ host: hostname, port: portNumber, ...resolving, ...buffering });
    let isTold = false;
    socket
      .setNoDelay(true)
      .setKeepAlive(true, keepAliveAfterMs)
      .once(isTls ? "secureConnect" : "connect", () => {
        isTold = true;
        callback(null, socket);
      })
      .on("error", (error) => {
        if (!isTold) callback(error, null);
        isTold = true;
      });
    return socket;
  };
}
