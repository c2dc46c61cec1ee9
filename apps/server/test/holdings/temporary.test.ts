import { answer, createHandDrivenReply, say } from "@llm-backend/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readPrompt, setChatStage, type ChatStage } from "../callers/chat-stage.ts";
import type { StreamItem, TrpcCaller } from "../callers/trpc-caller.ts";
import { findInDatabase } from "./find-in-database.ts";

let stage: ChatStage;
beforeAll(async () => {
  stage = await setChatStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

let requests = 0;
const question = (fields: object = {}) => ({
  requestId: `temporary-${++requests}`,
  model: "m",
  messages: [{ role: "user", content: "A secret?" }],
  ...fields,
});

async function read(items: AsyncIterable<StreamItem>) {
  const events: { id: string; type: string; text?: string }[] = [];
  for await (const item of items) {
    if (item.kind === "event") events.push({ id: item.id, ...item.event });
    if (item.kind === "error") throw new Error(item.error.data.reason);
    if (item.kind === "return") break;
  }
  const text = events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
  return { events, text, runId: events[0]?.id.split(":")[0] ?? "" };
}
const ask = (trpc: TrpcCaller, input: object) => read(trpc.subscribe("chat.temporary", input));

it("asks with what the client sends, and stores nothing of it", async () => {
  const { trpc } = await stage.addUser();
  stage.upstream.enqueue(answer(["Hush."]));
  const messages = [
    { role: "user", content: "One" },
    { role: "assistant", content: "Two" },
    { role: "user", content: "xyzzy?" },
  ];
  const { text, events, runId } = await ask(trpc, question({ systemPrompt: "Be brief.", messages }));
  expect([text, events.at(-1)?.type]).toEqual(["Hush.", "run-done"]);
  const call = stage.upstream.calls.at(-1);
  expect(call === undefined ? [] : readPrompt(call)).toEqual([
    { role: "system", content: "Be brief." },
    ...messages,
  ]);
  expect(await trpc.query("conversation.list", {})).toMatchObject({ conversations: [] });
  expect(await trpc.query("conversation.search", { query: "xyzzy" })).toMatchObject({ hits: [] });
  const { records, ledger } = stage.backend.server.backend.services;
  await Promise.all([records.flush(), ledger.flush()]);
  const places = new Set(["request_records.id", "request_records.run_id", "ledger.request_id"]);
  const id = runId.slice("run_".length);
  const found = findInDatabase(stage.backend.dataFolder, id).filter((place) => !places.has(place));
  expect(found).toEqual(["record_attempts.record_id"]);
  expect(findInDatabase(stage.backend.dataFolder, "xyzzy")).toEqual([]);
  expect(findInDatabase(stage.backend.dataFolder, "Hush")).toEqual([]);
});

it("joins the answer that the same request has started, and follows it by its id after its end", async () => {
  const { trpc } = await stage.addUser();
  const stranger = await stage.addUser();
  const input = question();
  stage.upstream.enqueue(answer(["Once."]));
  const calls = stage.upstream.calls.length;
  const first = await ask(trpc, input);
  expect((await ask(trpc, input)).events).toEqual(first.events);
  expect((await read(trpc.subscribe("chat.follow", { runId: first.runId }))).text).toBe("Once.");
  expect(await trpc.query("chat.get", { runId: first.runId })).toMatchObject({ state: "done" });
  expect(await trpc.mutate("chat.stop", { runId: first.runId })).toEqual({
    runId: first.runId,
    state: "done",
  });
  expect(stage.upstream.calls.length).toBe(calls + 1);
  await expect(ask(trpc, { ...input, model: "other" })).rejects.toThrow("conflict");
  await expect(read(stranger.trpc.subscribe("chat.follow", { runId: first.runId }))).rejects.toThrow(
    "not_found",
  );
});

it("stops, and keeps what was said for who follows it", async () => {
  const { trpc } = await stage.addUser();
  const driven = createHandDrivenReply();
  stage.upstream.enqueue(driven.reply);
  const events = trpc.subscribe("chat.temporary", question());
  const first = await events.next();
  const runId = first.value?.kind === "event" ? (first.value.id.split(":")[0] as string) : "";
  driven.push(say("Half"));
  for await (const item of events) if (item.kind === "event" && item.event.type === "text-delta") break;
  expect(await trpc.mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
  const again = await read(trpc.subscribe("chat.follow", { runId }));
  expect([again.text, again.events.at(-1)?.type]).toEqual(["Half", "run-stop"]);
});

it("does not ask once more for a caller who comes back for an answer that is gone", async () => {
  const { trpc } = await stage.addUser();
  const calls = stage.upstream.calls.length;
  const lastEventId = "run_01m8162cr78f5ff3q8t9eqs0ta:3";
  await expect(ask(trpc, question({ lastEventId }))).rejects.toThrow("not_found");
  expect(stage.upstream.calls.length).toBe(calls);
});

it("refuses a chat that does not end with a question", async () => {
  const { trpc } = await stage.addUser();
  for (const messages of [[], [{ role: "assistant", content: "Hi" }], [{ role: "system", content: "Hi" }]]) {
    await expect(ask(trpc, question({ messages }))).rejects.toThrow("invalid_input");
  }
});
