import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A line between client and server that the test can cut, freeze and lay anew. */
export type CuttingProxy = AsyncDisposable & {
  readonly url: string;
  /** How many connections it has taken. */
  readonly accepted: number;
  /** Where connections from now on lead to. */
  setTarget(url: string): void;
  /** Cuts all connections that are open. */
  cutAll(): void;
  /** Of what the server sends over each connection from now on, lets so many bytes pass and then cuts it. */
  setBytesMax(choose: (() => number) | undefined): void;
  /** What connections from now on get instead of the server. */
  setRefusal(refusal: "cut" | "502" | undefined): void;
  /** Passes nothing on any more over the connections that are open, and does not end them either. */
  freezeAll(): void;
};

type Line = { readonly client: Socket; readonly server: Socket; isFrozen: boolean };

const badGateway =
  "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<h1>sorry!</h1>";

function destroy(...sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** Joins two sockets until one of them ends, or the server's bytes are used up. */
function join(line: Line, bytesMax: number): void {
  const { client, server } = line;
  let left = bytesMax;
  client.on("data", (bytes) => line.isFrozen || server.write(bytes));
  server.on("data", (bytes) => {
    if (line.isFrozen) return;
    client.write(bytes.subarray(0, left));
    left -= bytes.length;
    // With a FIN, not a reset: what was let pass arrives.
    if (left <= 0) client.end(() => destroy(client, server));
  });
  for (const socket of [client, server]) {
    socket.on("error", () => destroy(client, server));
    socket.on("close", () => line.isFrozen || destroy(client, server));
  }
}

/** Opens the proxy on a free port. */
export async function createCuttingProxy(target: string): Promise<CuttingProxy> {
  const lines = new Set<Line>();
  let port = Number(new URL(target).port);
  let accepted = 0;
  let chooseBytesMax: (() => number) | undefined;
  let refusal: "cut" | "502" | undefined;
  const proxy = createServer((client) => {
    accepted++;
    client.setNoDelay(true);
    if (refusal !== undefined) {
      client.on("error", () => {});
      if (refusal === "cut") client.destroy();
      else client.once("data", () => client.end(badGateway));
      return;
    }
    const line: Line = { client, server: connect(port, "127.0.0.1"), isFrozen: false };
    line.server.setNoDelay(true);
    lines.add(line);
    client.once("close", () => lines.delete(line));
    join(line, chooseBytesMax?.() ?? Infinity);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const cutAll = () => {
    for (const { client, server } of lines) destroy(client, server);
  };
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    get accepted() {
      return accepted;
    },
    setTarget: (url) => void (port = Number(new URL(url).port)),
    cutAll,
    setBytesMax: (choose) => void (chooseBytesMax = choose),
    setRefusal: (next) => void (refusal = next),
    freezeAll() {
      for (const line of lines) line.isFrozen = true;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(proxy, "close");
      proxy.close();
      cutAll();
      await closed;
    },
  };
}
