import { describe, expect, it } from "vitest";
import type { SearchRequest } from "../../src/search/search-messages.ts";
import { createSearchThread, type SearchThread } from "../../src/search/search-thread.ts";

function openThread(options: { waitingMax?: number; stuckMs?: number } = {}) {
  const thread = createSearchThread({
    data: { path: "nowhere", vectorBytesMax: 0, lateMs: 0 },
    waitingMax: 100,
    stuckMs: 60_000,
    entry: new URL("scripted-thread.ts", import.meta.url),
    ...options,
  });
  return { thread, [Symbol.asyncDispose]: () => thread.close() };
}

const never = new AbortController().signal;

function ask(thread: SearchThread, text: string, signal = never) {
  const request: SearchRequest = { text, baseIds: [], limit: 1, mode: "lexical", vectors: [] };
  return thread.ask(request, signal);
}

describe("the thread that searches", () => {
  it("answers many searches, one after the other, with one thread", async () => {
    await using opened = openThread();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(opened.thread, "hello")));
    expect(new Set(answers.map(({ missingModels }) => missingModels.join("")))).toHaveProperty("size", 1);
  });

  it("is replaced when it dies, and what it was asked is asked again", async () => {
    await using opened = openThread();
    const { missingModels: first } = await ask(opened.thread, "hello");
    const dying = [ask(opened.thread, "die"), ask(opened.thread, "throw")].map((asked) =>
      asked.catch((error: unknown) => error),
    );
    const behind = ask(opened.thread, "hello");
    for (const failure of await Promise.all(dying)) expect(failure).toMatchObject({ code: "overloaded" });
    expect((await behind).missingModels).not.toEqual(first);
  });

  it("is asked again by itself what only one thread died of", async () => {
    await using opened = openThread();
    for (let round = 0; round < 4; round++) {
      await ask(opened.thread, "die once");
      await ask(opened.thread, "die").catch(() => undefined);
    }
  });

  it("gives a search up when nobody waits for it, whether it has begun or not", async () => {
    await using opened = openThread();
    const [begun, waiting] = [new AbortController(), new AbortController()];
    const first = ask(opened.thread, "hang", begun.signal);
    const second = ask(opened.thread, "die", waiting.signal);
    const third = ask(opened.thread, "hello");
    waiting.abort(new Error("second gone"));
    await expect(second).rejects.toThrow("second gone");
    begun.abort(new Error("first gone"));
    await expect(first).rejects.toThrow("first gone");
    await expect(third).resolves.toBeDefined();
    await expect(ask(opened.thread, "hello", AbortSignal.abort(new Error("before")))).rejects.toThrow(
      "before",
    );
  });

  it("says what it cannot do, and goes on", async () => {
    await using opened = openThread();
    await expect(ask(opened.thread, "fail")).rejects.toMatchObject({
      code: "overloaded",
      cause: { message: "no such table" },
    });
    await expect(ask(opened.thread, "hello")).resolves.toBeDefined();
  });

  it("lets no more than so many wait", async () => {
    await using opened = openThread({ waitingMax: 2 });
    const controller = new AbortController();
    const asked = [1, 2, 3].map(() => ask(opened.thread, "hang", controller.signal));
    await expect(ask(opened.thread, "hello")).rejects.toMatchObject({ code: "overloaded" });
    controller.abort(new Error("gone"));
    for (const one of asked) await expect(one).rejects.toThrow("gone");
  });

  it("ends a thread that is stuck", async () => {
    await using opened = openThread({ stuckMs: 1000 });
    await expect(ask(opened.thread, "hang for ever")).rejects.toMatchObject({ code: "overloaded" });
    await expect(ask(opened.thread, "hello")).resolves.toBeDefined();
  });

  it("ends what is under way when it is closed, and takes nothing more", async () => {
    await using opened = openThread();
    const asked = [ask(opened.thread, "hang"), ask(opened.thread, "hello")].map((one) =>
      one.catch((error: unknown) => error),
    );
    await opened.thread.close();
    for (const failure of await Promise.all(asked)) expect(failure).toMatchObject({ code: "shutting_down" });
    await expect(ask(opened.thread, "hello")).rejects.toMatchObject({ code: "shutting_down" });
  });
});
