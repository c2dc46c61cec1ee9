import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port of loopback on which nobody listens, below those that the system gives to clients: while no server is there, a
 * client could otherwise be given the very port that it wants to connect to, and talk to itself.
 */
export async function findFreePort(random: () => number): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(random() * 10_000);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
