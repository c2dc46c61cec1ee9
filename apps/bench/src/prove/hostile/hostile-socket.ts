import { once } from "node:events";
import { WebSocket } from "ws";
import type { HostileReply } from "./hostile-request.ts";

/** A WebSocket on which anything can be said. */
export type HostileSocket = Disposable & {
  /** Says something, then a call that has to be answered; what comes until then is the reply. */
  say(message: string): Promise<HostileReply>;
};

const patienceMs = 15_000;
const probeId = 424_242;

/** Opens a WebSocket of a session, and another one when the server has closed it, as it may. */
export function openHostileSocket(url: string, token: string): HostileSocket {
  let socket: WebSocket | undefined;

  async function connect(): Promise<WebSocket> {
    if (socket?.readyState === WebSocket.OPEN) return socket;
    socket = new WebSocket(`${url.replace("http", "ws")}/trpc?connectionParams=1`);
    socket.on("error", () => {});
    await once(socket, "open");
    socket.send(JSON.stringify({ method: "connectionParams", data: { token } }));
    return socket;
  }

  return {
    async say(message) {
      const open = await connect();
      const startedAt = performance.now();
      const texts: string[] = [];
      const answered = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => settle(false), patienceMs);
        const onMessage = (data: Buffer) => {
          const text = data.toString();
          if (text.includes(`"id":${probeId}`)) settle(true);
          else texts.push(text);
        };
        const onClose = () => settle(true);
        function settle(isAnswered: boolean): void {
          clearTimeout(timer);
          open.off("message", onMessage);
          open.off("close", onClose);
          resolve(isAnswered);
        }
        open.on("message", onMessage);
        open.on("close", onClose);
        open.send(message);
        open.send(JSON.stringify({ id: probeId, method: "query", params: { path: "auth.me" } }));
      });
      const text = texts.join("\n");
      return {
        status: answered ? toStatus(text) : 0,
        contentType: "",
        text,
        ms: performance.now() - startedAt,
      };
    },
    [Symbol.dispose]: () => socket?.terminate(),
  };
}

/** The worst status that any of the messages tells of. */
function toStatus(text: string): number {
  return Math.max(200, ...[...text.matchAll(/"httpStatus":(\d+)/g)].map(([, status]) => Number(status)));
}
