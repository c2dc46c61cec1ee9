import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { guardAddresses, isLoopback } from "./address-guard.ts";

async function openStage(isFree: boolean) {
  const refused: string[] = [];
  const server = createServer((_request, response) => response.end("ok"));
  const guard = guardAddresses([server], {
    socketsMax: 3,
    isFree: () => isFree,
    onRefused: (address) => refused.push(address),
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets: Socket[] = [];
  return {
    refused,
    /** Opens a connection; true where a request on it is answered. */
    async ask(): Promise<boolean> {
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
      sockets.push(socket);
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      return new Promise((resolve) => {
        socket.once("data", () => resolve(true)).once("close", () => resolve(false));
      });
    },
    async closeOne(): Promise<void> {
      const socket = sockets.find((one) => !one.destroyed);
      const before = await countOf(server);
      socket?.destroy();
      while ((await countOf(server)) === before) await new Promise((resolve) => void setImmediate(resolve));
    },
    async [Symbol.asyncDispose]() {
      guard[Symbol.dispose]();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const countOf = (server: ReturnType<typeof createServer>) =>
  new Promise<number>((resolve) => void server.getConnections((_error, count) => resolve(count)));

describe("guardAddresses", () => {
  it("refuses what is too much, says so once, and takes another one when one has gone", async () => {
    await using stage = await openStage(false);
    expect([await stage.ask(), await stage.ask(), await stage.ask()]).toEqual([true, true, true]);
    expect([await stage.ask(), await stage.ask()]).toEqual([false, false]);
    expect(stage.refused).toEqual(["127.0.0.1"]);
    await stage.closeOne();
    expect([await stage.ask(), await stage.ask()]).toEqual([true, false]);
  });

  it("does not count who is free", async () => {
    await using stage = await openStage(true);
    for (let count = 0; count < 10; count++) expect(await stage.ask()).toBe(true);
    expect(stage.refused).toEqual([]);
  });
});

it.each([
  ["127.0.0.1", true],
  ["127.8.8.8", true],
  ["::ffff:127.0.0.1", true],
  ["::1", true],
  ["::ffff:10.0.0.1", false],
  ["10.127.0.1", false],
  ["2001:db8::1", false],
])("%s is this machine: %s", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
