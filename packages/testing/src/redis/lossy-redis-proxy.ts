import { connect, createServer, type Socket } from "node:net";
import { closeServer, listenOnLoopback } from "../fake-upstream/listen-on-loopback.ts";
import { createRespReader, type RespValue } from "./resp-reader.ts";

/** What becomes of a message that is published. */
export type MessageFate = "pass" | "drop" | "repeat";

/** A proxy before a Redis that loses or repeats what is published; everything else passes as it is. */
export type LossyRedisProxy = AsyncDisposable & {
  readonly port: number;
  /** How many messages met each fate. */
  readonly fates: Readonly<Record<MessageFate, number>>;
  /** Closes all connections; new ones are taken. */
  cut(): void;
  /** Passes nothing more on the connections that there are, and closes none of them: a partition. New ones are taken. */
  freeze(): void;
};

const isMessage = (value: RespValue): boolean => Array.isArray(value) && value[0] === "message";

/** Starts a proxy; `decide` is asked about every message. */
export async function startLossyRedisProxy(
  target: number,
  decide: (message: string) => MessageFate,
): Promise<LossyRedisProxy> {
  const fates = { pass: 0, drop: 0, repeat: 0 };
  const sockets = new Set<Socket>();
  const frozen = new WeakSet<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(target, "127.0.0.1");
    const read = createRespReader();
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    const isFrozen = () => frozen.has(socket);
    socket.on("data", (data) => !isFrozen() && upstream.write(data));
    upstream.on("data", (data) => {
      if (isFrozen()) return;
      for (const { value, bytes } of read(data)) {
        const fate = isMessage(value) ? decide(String((value as readonly RespValue[])[2])) : "pass";
        if (isMessage(value)) fates[fate]++;
        if (fate !== "drop") socket.write(bytes);
        if (fate === "repeat") socket.write(bytes);
      }
    });
  });
  const port = await listenOnLoopback(server);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    fates,
    cut,
    freeze() {
      for (const socket of sockets) frozen.add(socket);
    },
    async [Symbol.asyncDispose]() {
      cut();
      await closeServer(server);
    },
  };
}
