import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { ReplayLog, type LogEntry, type LogShape } from "./replay-log.ts";
import { splitText } from "./split-text.ts";

/** A text of one kind; `mark` is an event that has no text. */
type Item = { readonly kind: "text" | "thought"; readonly text: string } | { readonly kind: "mark" };

const shape: LogShape<Item> = {
  units: (item) => (item.kind === "mark" ? 1 : item.text.length),
  joins: (first, second) => first.kind !== "mark" && second.kind === first.kind,
  join: (items) => {
    const [{ kind }] = items;
    if (kind === "mark") throw new RangeError("A mark cannot be joined.");
    return { kind, text: items.map((item) => (item.kind === "mark" ? "" : item.text)).join("") };
  },
  split(item, units) {
    if (item.kind === "mark") throw new RangeError("A mark cannot be cut.");
    const [head, tail] = splitText(item.text, units);
    return [
      { kind: item.kind, text: head },
      { kind: item.kind, text: tail },
    ];
  },
};

const mark: Item = { kind: "mark" };
const say = (text: string): Item => ({ kind: "text", text });
const think = (text: string): Item => ({ kind: "thought", text });

function createLog(...items: Item[]): ReplayLog<Item> {
  const log = new ReplayLog(shape);
  for (const item of items) log.append(item);
  return log;
}

async function collect(entries: AsyncIterable<LogEntry<Item>>): Promise<string> {
  let text = "";
  for await (const { item } of entries) text += item.kind === "mark" ? "|" : item.text;
  return text;
}

describe("reading", () => {
  it("finds nothing in an empty log, and nothing behind the end", () => {
    expect(createLog().read(0)).toBeUndefined();
    expect(createLog(say("abc")).read(3)).toBeUndefined();
    expect(createLog(say("abc")).read(1000)).toBeUndefined();
  });

  it("joins neighbours of one kind, and keeps the others apart", () => {
    const log = createLog(say("a"), say("b"), think("c"), mark, mark, say("d"));
    expect(log.read(0)).toEqual({ item: say("ab"), position: 2 });
    expect(log.read(2)).toEqual({ item: think("c"), position: 3 });
    expect(log.read(3)).toEqual({ item: mark, position: 4 });
    expect(log.read(4)).toEqual({ item: mark, position: 5 });
    expect(log.read(5)).toEqual({ item: say("d"), position: 6 });
    expect(log.end).toBe(6);
  });

  it("begins anywhere inside of joined items", () => {
    const log = createLog(say("abc"), say("def"));
    expect(log.read(1)).toEqual({ item: say("bcdef"), position: 6 });
    expect(log.read(4)).toEqual({ item: say("ef"), position: 6 });
  });

  it("gives a character whole to a reader that stands in its middle", () => {
    expect(createLog(say("a😀b")).read(2)).toEqual({ item: say("😀b"), position: 4 });
  });

  it("leaves out items of no units", () => {
    const log = createLog(say(""), say("a"), think(""), say("b"));
    expect(log.read(0)).toEqual({ item: say("ab"), position: 2 });
  });

  it("hands out bounded bites, however much there is and however it came", () => {
    const whole = "abcdefghij".repeat(20_000);
    const pieces = Array.from({ length: whole.length / 40 }, (_, index) =>
      say(whole.slice(index * 40, index * 40 + 40)),
    );
    for (const log of [createLog(say(whole)), createLog(...pieces)]) {
      let read = "";
      for (let entry = log.read(7); entry !== undefined; entry = log.read(entry.position)) {
        const text = entry.item.kind === "mark" ? "" : entry.item.text;
        expect(text.length).toBeLessThanOrEqual(32_768);
        read += text;
        expect(entry.position).toBe(7 + read.length);
      }
      expect(read).toBe(whole.slice(7));
    }
  });

  it("does not cut a character at the end of a bite", () => {
    const entry = createLog(say(`a${"😀".repeat(20_000)}`)).read(0);
    expect(entry?.position).toBe(32_767);
    expect(entry?.item.kind === "text" && entry.item.text.isWellFormed()).toBe(true);
  });
});

describe("gaps", () => {
  it("leads readers that stand before or within a gap behind it", async () => {
    const log = createLog(say("ab"));
    log.skipTo(100);
    log.append(say("cd"));
    expect(log.read(0)).toEqual({ item: say("ab"), position: 2 });
    expect(log.read(2)).toEqual({ item: say("cd"), position: 102 });
    expect(log.read(50)).toEqual({ item: say("cd"), position: 102 });
    expect(log.read(101)).toEqual({ item: say("d"), position: 102 });
    log.close();
    expect(await collect(log.follow(1))).toBe("bcd");
  });

  it("takes full bites behind a gap that is larger than a bite", () => {
    const log = createLog();
    log.skipTo(2 ** 32);
    for (let index = 0; index < 10; index++) log.append(say("a"));
    expect(log.read(0)).toEqual({ item: say("a".repeat(10)), position: 2 ** 32 + 10 });
  });

  it("cannot go back", () => {
    expect(() => createLog(say("abc")).skipTo(2)).toThrow(RangeError);
  });
});

describe("closing", () => {
  it("takes nothing more in", () => {
    const log = createLog(say("a"));
    log.close();
    expect(log.closed).toBe(true);
    expect(() => log.append(say("b"))).toThrow("The log is closed.");
    expect(log.end).toBe(1);
  });

  it("gives a waiting follower its end, and a late one what is left first", async () => {
    const log = createLog(say("a"));
    const early = collect(log.follow(0));
    const waiting = log.follow(1).next();
    log.append(mark);
    log.close();
    expect(await early).toBe("a|");
    expect(await waiting).toEqual({ done: false, value: { item: mark, position: 2 } });
    expect(await collect(log.follow(0))).toBe("a|");
    expect(await collect(log.follow(2))).toBe("");
  });
});

describe("following", () => {
  it("reads what is there, waits for what comes, and ends with the log", async () => {
    const log = createLog(say("ab"));
    const follower = log.follow(1);
    expect(await follower.next()).toEqual({ done: false, value: { item: say("b"), position: 2 } });
    const next = follower.next();
    log.append(say("c"));
    expect(await next).toEqual({ done: false, value: { item: say("c"), position: 3 } });
    log.append(say("d"));
    log.append(say("e"));
    expect((await follower.next()).value).toEqual({ item: say("de"), position: 5 });
    log.close();
    expect(await follower.next()).toEqual({ done: true, value: undefined });
  });

  it("serves many at once, each from its own position and at its own speed", async () => {
    const log = createLog();
    const text = "the quick brown fox";
    const followers = Array.from({ length: 200 }, (_, index) => collect(log.follow(index % text.length)));
    for (const letter of text) {
      log.append(say(letter));
      // Some are woken between two letters, some only at the end.
      if (letter === " ") await Promise.resolve();
    }
    log.close();
    const texts = await Promise.all(followers);
    expect(texts).toEqual(texts.map((_, index) => text.slice(index % text.length)));
  });

  it("leaves nothing behind when its reader breaks off early", async () => {
    const { signal } = new AbortController();
    const log = createLog(say("a"), mark);
    for await (const { item } of log.follow(0, { signal })) if (item.kind === "text") break;
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("ends at once when it is returned while it waits", async () => {
    const { signal } = new AbortController();
    const log = createLog();
    const follower = log.follow(0, { signal });
    const next = follower.next();
    expect(await follower.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("reads nothing under a signal that was aborted before", async () => {
    const signal = AbortSignal.abort();
    const log = createLog(say("a"));
    expect(await collect(log.follow(0, { signal }))).toBe("");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("ends quietly when it is aborted while it waits", async () => {
    const controller = new AbortController();
    const log = createLog(say("a"));
    const follower = log.follow(0, { signal: controller.signal });
    await follower.next();
    const next = follower.next();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  it("ends quietly when it is aborted between two reads, whatever is left", async () => {
    const controller = new AbortController();
    const log = createLog(say("a"), mark, say("b"));
    const follower = log.follow(0, { signal: controller.signal });
    await follower.next();
    controller.abort();
    expect(await follower.next()).toEqual({ done: true, value: undefined });
  });

  it("listens once to a signal, however often it waits, and no longer than it lives", async () => {
    const { signal } = new AbortController();
    const log = createLog();
    const follower = log.follow(0, { signal });
    for (let index = 0; index < 50; index++) {
      const next = follower.next();
      log.append(mark);
      await next;
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
    }
    log.close();
    await follower.next();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("throws what reading throws after two items, and leaves nothing behind", async () => {
    const { signal } = new AbortController();
    const log = new ReplayLog<Item>({
      ...shape,
      split() {
        throw new Error("not to be cut");
      },
    });
    log.append(say("a"));
    log.append(mark);
    const follower = log.follow(0, { signal });
    await follower.next();
    await follower.next();
    log.append(say("x".repeat(100_000)));
    await expect(follower.next()).rejects.toThrow("not to be cut");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it.each([
    ["are returned", (follower: Follower) => void follower.return()],
    ["are aborted", (_: Follower, controller: AbortController) => controller.abort()],
  ])(
    "keeps nothing of the followers that %s while they wait, though the log and a signal live on",
    async (_, end) => {
      const log = createLog();
      const longLived = new AbortController();
      const comeAndGo = async (times: number) => {
        for (let index = 0; index < times; index++) {
          const controller = end.length > 1 ? new AbortController() : longLived;
          const follower = log.follow(0, { signal: controller.signal });
          const next = follower.next();
          end(follower, controller);
          await next;
        }
      };
      // As many as are measured: compiled code is on the same heap.
      await comeAndGo(20_000);
      const before = measureHeap();
      await comeAndGo(20_000);
      expect((measureHeap() - before) / 20_000).toBeLessThan(50);
      expect(getEventListeners(longLived.signal, "abort")).toHaveLength(0);
      log.append(mark);
      expect(log.end).toBe(1);
    },
  );
});

type Follower = AsyncGenerator<LogEntry<Item>, void>;

/** The bytes in use once all garbage is gone. */
function measureHeap(): number {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
