import type { Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import { describe, expect, it } from "vitest";
import { openServices } from "./open-services.ts";

const unasked = () => Promise.reject(new Error("This is not asked here."));

const text = "a whole answer";

/** A gateway that says its text at once and ends when it is told to. */
function createSlowGateway() {
  const gate = Promise.withResolvers<void>();
  const said = Promise.withResolvers<void>();
  const gateway: Gateway = {
    async chat(request, { onParts }) {
      onParts([{ type: "text-delta", text }]);
      said.resolve();
      await gate.promise;
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
  return { gateway, said: said.promise, end: gate.resolve };
}

/** Calls `after` behind everything that the database is asked. */
function watchStorage(storage: Storage, after: () => Promise<void>): Storage {
  const watch = <T extends object>(repository: T): T =>
    Object.fromEntries(
      Object.entries(repository).map(([name, method]) => [
        name,
        async (...input: unknown[]) => {
          const result = await (method as (...given: unknown[]) => unknown)(...input);
          await after();
          return result;
        },
      ]),
    ) as T;
  return {
    ...storage,
    conversations: watch(storage.conversations),
    messages: watch(storage.messages),
    runs: watch(storage.runs),
    async transaction(work) {
      const result = await storage.transaction(work);
      await after();
      return result;
    },
  };
}

describe("a history that is read while its answer ends", () => {
  // As many moments as reading asks the database, and some more.
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "shows the whole answer when it ends behind question %i to the database",
    async (moment) => {
      const { gateway, said, end } = createSlowGateway();
      let countdown = Number.POSITIVE_INFINITY;
      let endNow = () => Promise.resolve();
      await using opened = await openServices(
        {},
        {
          gateway,
          wrap: (storage) => watchStorage(storage, async () => void (--countdown === 0 && (await endNow()))),
        },
      );
      const { users, conversations, chat, runs, history } = opened.backend.services;
      const { id: userId, username } = await users.create({
        username: "someone",
        password: "password",
        role: "user",
      });
      const viewer = { userId, username, role: "user" as const, sessionId: "ses" };
      const { conversationId } = await conversations.create(viewer, { title: "T", model: "m" });
      const { runId } = await chat.send(viewer, { conversationId, requestId: "r", message: "hi" });
      await said;
      endNow = async () => {
        end();
        for await (const { event } of (await runs.open(viewer, { runId })).follow())
          expect(event.type).not.toBe("run-error");
      };

      countdown = moment;
      const { messages } = await history.read(viewer, { conversationId, limit: 10 });
      countdown = Number.POSITIVE_INFINITY;
      const answer = messages.at(-1);
      expect(answer?.content).toBe(text);
      if (answer?.run?.state === "done") {
        expect([answer.finishReason, answer.run.lastEventId]).toEqual(["stop", null]);
      } else {
        expect(answer?.run).toMatchObject({ state: "streaming", lastEventId: `${runId}:${1 + text.length}` });
        end();
        const rest = [];
        const opened2 = await runs.open(viewer, { runId, lastEventId: answer?.run?.lastEventId });
        for await (const { event } of opened2.follow()) rest.push(event.type);
        expect(rest).toEqual(["run-done"]);
      }
    },
  );
});
