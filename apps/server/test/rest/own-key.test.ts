import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { answer, createFakeUpstream, fail, spawnBackend } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { createConversation, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";

const canary = "sk-canary-4f1d9ad28b7c4e6a";

/** All files below a folder, with their bytes. */
function readFiles(folder: string): { path: string; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

describe("a conversation's own key", () => {
  it("goes to the provider of its model and nowhere else, and is told by nobody but create", async () => {
    await using provider = await createFakeUpstream({ reply: answer("from the provider") });
    await using pool = await createFakeUpstream({ reply: answer("from the pool") });
    await using backend = await spawnBackend({
      upstreams: [pool.url],
      config: {
        providers: [{ name: "own", prefixes: ["own-"], endpoint: provider.url }],
        log: { level: "trace" },
      },
    });
    const user = await registerUser(backend.url);
    const trpc = createTrpcCaller(backend.url, user.token);
    const answers: string[] = [];
    const ask = async (conversationId: number) => {
      const response = await user.post(`/api/chat/${conversationId}`, { message: "hi" });
      const text = await response.text();
      answers.push(text, JSON.stringify([...response.headers]));
      return { status: response.status, text };
    };

    const withKey = await createConversation(user, { model: "own-large", api_key: canary });
    const withoutKey = await createConversation(user, { model: "own-large" });
    expect((await ask(withKey)).text).toContain("from the provider");
    expect((await ask(withoutKey)).text).toContain("from the pool");
    expect(provider.calls.map((call) => call.headers.authorization)).toEqual([`Bearer ${canary}`]);
    expect(pool.calls.map((call) => call.headers.authorization)).toEqual([
      "Bearer sk-server-key-of-the-tests",
    ]);

    // Providers repeat the key in what they complain about.
    provider.enqueue(fail(401, { error: { message: `Incorrect API key provided: ${canary}.` } }));
    expect((await ask(withKey)).status).toBe(502);
    provider.enqueue(fail(400, { error: { message: `Bad request for key ${canary}` } }));
    expect((await ask(withKey)).status).toBeGreaterThanOrEqual(400);
    // It is never used up on the pool, whatever the provider says.
    expect(pool.calls).toHaveLength(1);

    const unknown = await createConversation(user, { model: "nobodys-model", api_key: canary });
    const refused = await ask(unknown);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain("nobodys-model");

    for (const path of ["list", `history/${withKey}`]) {
      answers.push(await (await user.get(`/api/conversations/${path}`)).text());
    }
    for (const [path, input] of [
      ["conversation.get", { conversationId: withKey }],
      ["conversation.list", {}],
      ["conversation.history", { conversationId: withKey }],
    ] as const) {
      answers.push((await trpc.tryQuery(path, input)).text);
    }
    const updated = await trpc.tryMutate("conversation.update", {
      conversationId: withoutKey,
      apiKey: canary,
    });
    answers.push(updated.text);
    expect(updated.data).toMatchObject({ hasApiKey: true });
    expect((await ask(withoutKey)).text).toContain("from the provider");

    expect(await backend.kill("SIGTERM")).toBe(0);
    const secrets = [canary, Buffer.from(canary).toString("base64"), Buffer.from(canary).toString("hex")];
    for (const secret of secrets) {
      expect(answers.filter((text) => text.includes(secret))).toEqual([]);
      expect(backend.logLines.filter((line) => line.includes(secret))).toEqual([]);
      const places = readFiles(backend.dataFolder).filter(({ bytes }) => bytes.includes(secret));
      expect(places.map(({ path }) => path)).toEqual([]);
    }
    const serverKey = readFiles(backend.dataFolder).filter(({ bytes }) =>
      bytes.includes("sk-server-key-of-the-tests"),
    );
    expect(serverKey.map(({ path }) => path)).toEqual([]);
  });

  it("can be taken out again: the pool answers then", async () => {
    await using provider = await createFakeUpstream({ reply: answer("from the provider") });
    await using pool = await createFakeUpstream({ reply: answer("from the pool") });
    await using backend = await spawnBackend({
      upstreams: [pool.url],
      config: { providers: [{ name: "own", prefixes: ["own-"], endpoint: provider.url }] },
    });
    const user = await registerUser(backend.url);
    const conversationId = await createConversation(user, { model: "own-large", api_key: canary });
    await createTrpcCaller(backend.url, user.token).mutate("conversation.update", {
      conversationId,
      apiKey: null,
    });
    const response = await user.post(`/api/chat/${conversationId}`, { message: "hi" });
    expect(await response.text()).toContain("from the pool");
    expect(provider.calls).toHaveLength(0);
  });
});
