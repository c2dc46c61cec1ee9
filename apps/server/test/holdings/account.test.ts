import { answer, createHandDrivenReply, say } from "@llm-backend/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { setChatStage, until, type ChatStage } from "../callers/chat-stage.ts";
import { password } from "../callers/rest-caller.ts";
import { beginErasure, findInDatabase } from "./find-in-database.ts";

let stage: ChatStage;
beforeAll(async () => {
  stage = await setChatStage({ backend: { config: { records: { bodies: "whole" } } } });
});
afterAll(() => stage[Symbol.asyncDispose]());

const findEverywhere = (value: string | number) => findInDatabase(stage.backend.dataFolder, String(value));

it("takes everything of a user with it, what is under way too, and frees the name", async () => {
  const { trpc, conversationId } = await stage.addConversation({ title: "Aardvark" });
  const { userId, username } = await trpc.query<{ userId: number; username: string }>("auth.me");
  const { secret } = await trpc.mutate<{ secret: string }>("key.create", { name: "Aardvark key" });
  stage.upstream.enqueue(answer(["Of aardvarks."]));
  const call = await fetch(`${stage.backend.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "aardvarks?" }] }),
  });
  expect(await call.text()).toContain("aardvarks");
  stage.upstream.enqueue(answer(["An aardvark."]));
  for await (const item of trpc.subscribe("chat.stream", {
    conversationId,
    requestId: "a",
    message: "aardvark?",
  })) {
    if (item.kind === "return") break;
  }
  const driven = createHandDrivenReply();
  stage.upstream.enqueue(driven.reply);
  const open = trpc.subscribe("chat.stream", { conversationId, requestId: "b", message: "more aardvark?" });
  driven.push(say("aardvark on its way"));
  for await (const item of open) if (item.kind === "event" && item.event.type === "text-delta") break;
  expect(findEverywhere(userId)).not.toEqual([]);

  expect((await trpc.tryMutate("auth.deleteAccount", { password: "wrong password" })).status).toBe(403);
  expect((await trpc.tryQuery("auth.me")).status).toBe(200);
  await trpc.mutate("auth.deleteAccount", { password });

  expect((await trpc.tryQuery("auth.me")).status).toBe(401);
  expect((await stage.upstream.calls.at(-1)?.closed)?.by).toBe("client");
  const { records, ledger } = stage.backend.server.backend.services;
  await Promise.all([records.flush(), ledger.flush()]);
  expect(findEverywhere(userId)).toEqual([]);
  expect(findEverywhere(username)).toEqual([]);
  expect(findEverywhere("ardvark")).toEqual([]);
  expect(findEverywhere("aardvark")).toEqual([]);
  const registered = await stage.backend.server.backend.services.users.create({
    username,
    password,
    role: "user",
  });
  expect(registered.id).not.toBe(userId);
});

it("keeps the last administrator", async () => {
  const { users, sessions } = stage.backend.server.backend.services;
  const admin = await users.create({ username: "the-admin", password, role: "admin" });
  const token = await sessions.openFixed(admin, "192.0.2.1");
  const remove = () =>
    fetch(`${stage.backend.url}/api/users/delete`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ password }),
    });
  expect((await remove()).status).toBe(409);
  await users.create({ username: "another-admin", password, role: "admin" });
  expect((await remove()).status).toBe(200);
  expect((await users.list()).map(({ username }) => username)).not.toContain("the-admin");
});

it("is finished by the next sweep where a crash cut it off", async () => {
  const { trpc } = await stage.addConversation({ title: "Bongo" });
  const { userId } = await trpc.query<{ userId: number }>("auth.me");
  beginErasure(stage.backend.dataFolder, userId);
  await stage.backend.server.backend.sweep();
  await until(
    () => findEverywhere(userId).length === 0 && findEverywhere("Bongo").length === 0,
    "the rest to go",
  );
});
