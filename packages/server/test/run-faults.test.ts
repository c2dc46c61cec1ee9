import { DomainError, type RunEvent } from "@llm-backend/contract";
import type { AnswerPart, ChatRequest, Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import { describe, expect, it } from "vitest";
import { openServices, type OpenedServices } from "./open-services.ts";

const unasked = () => Promise.reject(new Error("This is not asked here."));

/** A gateway that answers as the test says; notes what it was asked. */
function createGateway(answer: (tell: (text: string) => void) => Promise<void>) {
  const asked: ChatRequest[] = [];
  const gateway: Gateway = {
    async chat(request, { onParts }) {
      asked.push(request);
      await answer((text) => onParts([{ type: "text-delta", text } satisfies AnswerPart]));
      return {
        finishReason: "stop",
        model: request.model,
        upstream: "test",
        usage: undefined,
        toolCalls: [],
      };
    },
    models: () => [],
    forward: unasked,
    health: () => [],
    probe: unasked,
    replaceUpstreams: () => {},
    close: () => Promise.resolve(),
  };
  return { gateway, asked };
}

const quick = () =>
  createGateway((tell) => {
    tell("Hello");
    return Promise.resolve();
  });

/** Somebody who asks. */
async function createAsker({ backend }: OpenedServices) {
  const { services } = backend;
  const { id: userId, username } = await services.users.create({
    username: "someone",
    password: "password",
    role: "user",
  });
  const viewer = { userId, username, role: "user" as const, sessionId: "ses" };
  const { conversationId } = await services.conversations.create(viewer, { title: "T", model: "m" });
  return {
    viewer,
    conversationId,
    send: (message = "hi") =>
      services.chat.send(viewer, { conversationId, requestId: crypto.randomUUID(), message }),
    async follow(runId: string): Promise<RunEvent[]> {
      const events: RunEvent[] = [];
      for await (const { event } of (await services.runs.open(viewer, { runId })).follow())
        events.push(event);
      return events;
    },
    readAnswer: async () =>
      (await services.history.read(viewer, { conversationId, limit: 2 })).messages.at(-1),
  };
}

const types = (events: readonly RunEvent[]) => events.map(({ type }) => type);

describe("a database that takes nothing for a while", () => {
  it("costs no text: a journal that cannot be written is made good with the end of the answer", async () => {
    const gate = Promise.withResolvers<void>();
    const { gateway } = createGateway(async (tell) => {
      tell("One ");
      await gate.promise;
      tell("two");
    });
    let failures = 0;
    const wrap = (storage: Storage): Storage => ({
      ...storage,
      journal() {
        failures++;
        gate.resolve();
        return Promise.reject(new Error("disk full"));
      },
    });
    await using opened = await openServices({}, { gateway, wrap });
    const asker = await createAsker(opened);
    const { runId } = await asker.send();
    expect((await asker.follow(runId)).at(-1)?.type).toBe("run-done");
    expect((await asker.readAnswer())?.content).toBe("One two");
    expect(failures).toBeGreaterThan(0);
    expect(opened.errors).toHaveLength(failures);
  });

  it("delays the ending of an answer and does not change it: it is told when it is stored", async () => {
    let isFull = false;
    let refused = 0;
    const wrap = (storage: Storage): Storage => ({
      ...storage,
      transaction(work) {
        if (!isFull) return storage.transaction(work);
        refused++;
        if (refused === 2) isFull = false;
        return Promise.reject(new Error("disk full"));
      },
    });
    const { gateway } = createGateway((tell) => {
      isFull = true;
      tell("Hello");
      return Promise.resolve();
    });
    await using opened = await openServices({}, { gateway, wrap });
    const asker = await createAsker(opened);
    const { runId } = await asker.send();
    expect(types(await asker.follow(runId))).toEqual(["run-start", "text-delta", "run-done"]);
    expect(refused).toBe(2);
    expect(await asker.readAnswer()).toMatchObject({
      content: "Hello",
      finishReason: "stop",
      run: { state: "done" },
    });
    expect(opened.errors).toEqual([]);
  });

  it(
    "for too long ends the answer with an error, and the next start keeps what its journal has",
    { timeout: 30_000 },
    async () => {
      let isFull = false;
      let isFirst = true;
      const wrap = (storage: Storage): Storage => ({
        ...storage,
        transaction: (work) => (isFull ? Promise.reject(new Error("disk full")) : storage.transaction(work)),
        async journal(segments) {
          await storage.journal(segments);
          journaled.resolve();
        },
      });
      const journaled = Promise.withResolvers<void>();
      const { gateway } = createGateway(async (tell) => {
        tell("Hello");
        await journaled.promise;
        isFull = isFirst;
        isFirst = false;
      });
      await using opened = await openServices({}, { gateway, wrap });
      const asker = await createAsker(opened);
      const { runId } = await asker.send();
      const events = await asker.follow(runId);
      expect(types(events)).toEqual(["run-start", "text-delta", "run-error"]);
      expect(events.at(-1)).toMatchObject({ code: "internal", message: "Internal error" });
      expect(
        opened.errors.some(
          (error) => DomainError.is(error) && error.message === "The answer could not be stored.",
        ),
      ).toBe(true);
      isFull = false;
      // Whoever follows it now gets what the journal has, and an ending.
      expect(types(await asker.follow(runId))).toEqual(["run-start", "text-delta", "run-interrupt"]);
      const next = await opened.reopen();
      expect(await next.recover()).toMatchObject({ runsInterrupted: 1 });
      expect(await next.recover()).toMatchObject({ runsInterrupted: 0 });
      expect(await asker.readAnswer()).toMatchObject({ content: "Hello", run: { state: "interrupted" } });
      // The conversation goes on.
      const again = await asker.send("again");
      expect((await asker.follow(again.runId)).at(-1)?.type).toBe("run-done");
    },
  );
});

describe("what nobody has thought of", () => {
  it("in the gateway ends the answer with an internal error, of which nobody learns the reason", async () => {
    const { gateway } = createGateway((tell) => {
      tell("Half");
      return Promise.reject(new TypeError("secret at /work/x.ts"));
    });
    await using opened = await openServices({}, { gateway });
    const asker = await createAsker(opened);
    const events = await asker.follow((await asker.send()).runId);
    expect(events.at(-1)).toEqual({
      type: "run-error",
      code: "internal",
      message: "Internal error",
      retryable: true,
    });
    expect(JSON.stringify(events)).not.toContain("secret");
    expect(await asker.readAnswer()).toMatchObject({ content: "Half", run: { state: "failed" } });
    expect(opened.errors.map(String)).toEqual(["TypeError: secret at /work/x.ts"]);
  });

  it("in a key that was put in another conversation's place sends nothing to anybody", async () => {
    const { gateway, asked } = quick();
    await using opened = await openServices({}, { gateway });
    const asker = await createAsker(opened);
    const { conversations } = opened.backend.services;
    const { conversationId: other } = await conversations.create(asker.viewer, {
      title: "T",
      model: "m",
      apiKey: "sk-other",
    });
    const { userId } = asker.viewer;
    const row = await opened.storage.conversations.find(other, userId);
    await opened.storage.conversations.update(asker.conversationId, userId, {
      apiKeySealed: row?.apiKeySealed ?? null,
    });
    const events = await asker.follow((await asker.send()).runId);
    expect(events.at(-1)).toMatchObject({ type: "run-error", code: "internal" });
    expect(asked).toEqual([]);
    expect(JSON.stringify([events, opened.errors.map(String)])).not.toContain("sk-other");
  });
});

describe("a start that is not stored", () => {
  it("starts nothing, holds no place, and can be tried again under the same id", async () => {
    const { gateway, asked } = quick();
    let failures = 10;
    const wrap = (storage: Storage): Storage => ({
      ...storage,
      transaction: (work) =>
        storage.transaction(async (tx) => {
          const result = await work(tx);
          // As a commit that fails: everything that was done is taken back.
          if (hasUser && failures-- > 0) throw new Error("disk full");
          return result;
        }),
    });
    let hasUser = false;
    await using opened = await openServices(
      { runLimits: { perUser: 1, perConversation: 1, streamsPerUser: 1 } },
      { gateway, wrap },
    );
    const asker = await createAsker(opened);
    hasUser = true;
    const input = { conversationId: asker.conversationId, requestId: "same", message: "hi" };
    const { chat } = opened.backend.services;
    for (let index = 0; index < 10; index++)
      await expect(chat.send(asker.viewer, input)).rejects.toThrow("disk full");
    expect(await asker.readAnswer()).toBeUndefined();
    expect(asked).toEqual([]);
    const { runId } = await chat.send(asker.viewer, input);
    expect(types(await asker.follow(runId))).toEqual(["run-start", "text-delta", "run-done"]);
    expect(asked).toHaveLength(1);
  });
});
