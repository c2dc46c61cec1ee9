import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WebSocketClass } from "../client-options.ts";
import { openWebSocketChannel } from "./web-socket-channel.ts";

/** The socket of a browser, in the test's hand. */
class FakeSocket extends EventTarget {
  static last: FakeSocket;
  readonly OPEN = 1;
  readonly sent: string[] = [];
  readyState = 0;
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
    FakeSocket.last = this;
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
  }
  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  say(message: unknown): void {
    const data = typeof message === "string" ? message : JSON.stringify(message);
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
}

function openChannel(token?: string) {
  const channel = openWebSocketChannel(token, {
    url: new URL("https://chat.example.org/trpc"),
    WebSocket: FakeSocket as unknown as WebSocketClass,
    silenceMsMax: undefined,
  });
  return { channel, socket: FakeSocket.last };
}

function subscribe(channel: ReturnType<typeof openWebSocketChannel>, signal = new AbortController().signal) {
  const onStart = vi.fn<() => void>();
  const items = channel.open({
    path: "chat.follow",
    input: { runId: "r" },
    token: undefined,
    signal,
    onStart,
  });
  return { onStart, items, first: items.next() };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a channel", () => {
  it("sends its token first, and not in its URL", () => {
    const { channel, socket } = openChannel("secret");
    void subscribe(channel).first.catch(() => {});
    expect(socket.sent).toEqual([]);
    socket.open();
    expect(socket.url).toBe("wss://chat.example.org/trpc?connectionParams=1");
    expect(socket.sent.map((text) => JSON.parse(text) as unknown)).toEqual([
      { method: "connectionParams", data: { token: "secret" } },
      { id: 1, method: "subscription", params: { path: "chat.follow", input: { json: { runId: "r" } } } },
    ]);
    channel.close();
  });

  it("brings each subscription its own items, its end, or its error", async () => {
    const { channel, socket } = openChannel();
    socket.open();
    const [one, two] = [subscribe(channel), subscribe(channel)];
    socket.say({ id: 1, result: { type: "started" } });
    socket.say({
      id: 2,
      result: { type: "data", id: "e", data: { json: { id: "e", data: { type: "run-stop" } } } },
    });
    socket.say({
      id: 1,
      error: { json: { message: "No.", data: { reason: "not_found", retryable: false } } },
    });
    socket.say({ id: 2, result: { type: "stopped" } });
    socket.say({ id: 7, result: { type: "data", data: null } });
    expect(one.onStart).toHaveBeenCalledOnce();
    await expect(one.first).rejects.toMatchObject({ code: "not_found", message: "No." });
    expect(await two.first).toEqual({ done: false, value: { id: "e", data: { type: "run-stop" } } });
    expect(await two.items.next()).toEqual({ done: true, value: undefined });
    channel.close();
  });

  it("answers pings", () => {
    const { channel, socket } = openChannel();
    socket.open();
    socket.say("PING");
    expect(socket.sent.at(-1)).toBe("PONG");
    channel.close();
  });

  it.each([
    ["what is not JSON", "<html>"],
    ["JSON that is no message", "null"],
    ["a refusal of the whole connection", { id: null, error: { json: { message: "No.", data: {} } } }],
  ])("is lost with all that it carries when it hears %s", async (_, message) => {
    const { channel, socket } = openChannel();
    socket.open();
    const one = subscribe(channel);
    socket.say(message);
    await expect(one.first).rejects.toMatchObject({ code: "network", retryable: true });
    expect(channel.isUsable).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is lost when it is silent for too long", async () => {
    const { channel, socket } = openChannel();
    socket.open();
    const one = subscribe(channel);
    vi.advanceTimersByTime(20_000);
    socket.say("PING");
    vi.advanceTimersByTime(29_000);
    expect(channel.isUsable).toBe(true);
    vi.advanceTimersByTime(1000);
    await expect(one.first).rejects.toMatchObject({ code: "network" });
  });

  it("brings to its end what it carries when the server is about to end, and takes nothing new", async () => {
    const { channel, socket } = openChannel();
    socket.open();
    const one = subscribe(channel);
    socket.say({ id: null, method: "reconnect" });
    expect(channel.isUsable).toBe(false);
    socket.say({ id: 1, result: { type: "data", id: "e", data: { json: { id: "e", data: "last" } } } });
    socket.say({ id: 1, result: { type: "stopped" } });
    expect(await one.first).toEqual({ done: false, value: { id: "e", data: "last" } });
    expect(await one.items.next()).toEqual({ done: true, value: undefined });
    expect(socket.readyState).toBe(3);
  });

  it("tells the server of a subscription that is given up, and closes a while after the last one", async () => {
    const { channel, socket } = openChannel();
    socket.open();
    const controller = new AbortController();
    const one = subscribe(channel, controller.signal);
    controller.abort();
    await expect(one.first).rejects.toMatchObject({ code: "cancelled" });
    expect(JSON.parse(socket.sent.at(-1) ?? "")).toEqual({ id: 1, method: "subscription.stop" });
    expect(channel.isUsable).toBe(true);
    vi.advanceTimersByTime(5000);
    expect(channel.isUsable).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
