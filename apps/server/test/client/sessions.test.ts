import { createHmac } from "node:crypto";
import { createClient, type ChatStream, type SessionClient, type TokenPair } from "@llm-backend/client";
import { createHandDrivenReply, finish, say } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { addClientOf, quickRetry, setClientStage, transports, type ClientStage } from "./client-stage.ts";
import { createRecordingFetch } from "./recording-fetch.ts";

const jwtSecret = "Aq7-only-the-tests-know-this-2f9c4b81d6e05a37";
const withSecret = { backend: { config: { jwt: { secret: jwtSecret } } } };

async function getTokens(client: SessionClient): Promise<TokenPair> {
  const tokens = await client.session.tokens();
  if (tokens === null) throw new Error("Nobody is logged in.");
  return tokens;
}

/** The same token, expired long ago. */
function expire(token: string): string {
  const [head, body = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
  const expired = Buffer.from(JSON.stringify({ ...claims, exp: 1_700_000_000 })).toString("base64url");
  const mac = createHmac("sha256", jwtSecret).update(`${head}.${expired}`).digest("base64url");
  return `${head}.${expired}.${mac}`;
}

async function readToEnd(stream: ChatStream): Promise<void> {
  for await (const _ of stream) continue;
}

/** A storage as browsers have it. */
function createStorage() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

/** A client with tokens of its own making, and what becomes of them. */
async function addClientWith(stage: ClientStage, change: (tokens: TokenPair) => Partial<TokenPair>) {
  const user = await stage.addUser();
  const given = await getTokens(user.client);
  const recorder = createRecordingFetch();
  const changes: (TokenPair | null)[] = [];
  const client = createClient({
    url: stage.proxy.url,
    retry: quickRetry,
    fetch: recorder.fetch,
    session: { tokens: { ...given, ...change(given) }, onChange: (tokens) => changes.push(tokens) },
  });
  return { ...user, client, given, recorder, changes };
}

describe("a session", () => {
  it("refreshes its tokens before they expire, once for all calls", async () => {
    await using stage = await setClientStage();
    const { client, given, recorder, changes, conversationId } = await addClientWith(stage, () => ({
      accessTokenExpiresAt: new Date(Date.now() + 1000),
    }));
    await Promise.all([
      client.auth.me.query(),
      client.conversation.get.query({ conversationId }),
      client.conversation.rename.mutate({ conversationId, title: "New" }),
      client.chat.stream({ conversationId, message: "Hi" }).result,
    ]);
    expect(recorder.count("auth.refresh")).toBe(1);
    expect(changes).toHaveLength(1);
    expect(changes[0]?.refreshToken).not.toBe(given.refreshToken);
    expect(await client.session.tokens()).toEqual(changes[0]);
    expect(recorder.requests[0]?.paths).toEqual(["auth.refresh"]);
  });

  it("refreshes its tokens when one is refused, once for all calls, and makes the calls again", async () => {
    await using stage = await setClientStage(withSecret);
    const { client, recorder, conversationId } = await addClientWith(stage, ({ accessToken }) => ({
      accessToken: expire(accessToken),
    }));
    const calls = [
      client.auth.me.query(),
      client.conversation.get.query({ conversationId }),
      client.conversation.list.query({}),
      client.conversation.rename.mutate({ conversationId, title: "New" }),
      client.chat.stream({ conversationId, message: "Hi" }).result,
    ];
    await Promise.all(calls);
    expect(recorder.count("auth.refresh")).toBe(1);
    expect(recorder.count("conversation.rename")).toBe(2);
  });

  it("repeats a refresh whose answer got lost", async () => {
    await using stage = await setClientStage();
    const { client, changes } = await addClientWith(stage, () => ({ accessTokenExpiresAt: new Date() }));
    let answers = 2;
    stage.proxy.setBytesMax(() => (answers-- > 0 ? 0 : Infinity));
    stage.proxy.cutAll();
    await expect(client.auth.me.query()).resolves.toBeDefined();
    expect(changes).toHaveLength(1);
  });

  it("ends when the server refuses to refresh it, and says so once", async () => {
    await using stage = await setClientStage(withSecret);
    const { client, changes, recorder, username } = await addClientWith(stage, ({ accessToken }) => ({
      accessToken: expire(accessToken),
      refreshToken: "rt_of_nobody",
    }));
    const results = await Promise.allSettled([client.auth.me.query(), client.model.list.query()]);
    for (const result of results) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "unauthenticated" } });
    }
    expect(changes).toEqual([null]);
    expect(recorder.count("auth.refresh")).toBe(1);
    await expect(client.auth.me.query()).rejects.toMatchObject({ code: "unauthenticated" });
    await client.session.login({ username, password: "correct horse" });
    await expect(client.auth.me.query()).resolves.toMatchObject({ username });
  });

  it("keeps its tokens when the server cannot be reached", async () => {
    await using stage = await setClientStage();
    const { client, changes } = await addClientWith(stage, () => ({ accessTokenExpiresAt: new Date() }));
    stage.proxy.setRefusal("cut");
    stage.proxy.cutAll();
    await expect(client.auth.me.query()).rejects.toMatchObject({ code: "network", retryable: true });
    expect(changes).toEqual([]);
    stage.proxy.setRefusal(undefined);
    await expect(client.auth.me.query()).resolves.toBeDefined();
  });

  it("does not take a wrong password for a refused token", async () => {
    await using stage = await setClientStage();
    const recorder = createRecordingFetch();
    const { client, username } = await stage.addUser({ fetch: recorder.fetch });
    const before = recorder.requests.length;
    await expect(client.session.login({ username, password: "wrong" })).rejects.toMatchObject({
      code: "unauthenticated",
    });
    expect(
      recorder.requests.slice(before).map(({ paths, authorization }) => [paths[0], authorization]),
    ).toEqual([["auth.login", undefined]]);
    await expect(client.auth.me.query()).resolves.toMatchObject({ username });
  });

  it("is one for all clients with the same storage", async () => {
    await using stage = await setClientStage(withSecret);
    const storage = createStorage();
    const recorder = createRecordingFetch();
    const options = { url: stage.proxy.url, fetch: recorder.fetch, session: { storage, storageKey: "s" } };
    const { username } = await stage.addUser();
    const [one, two] = [createClient(options), createClient(options)];
    await expect(two.auth.me.query()).rejects.toMatchObject({ code: "unauthenticated" });
    await one.session.login({ username, password: "correct horse" });
    await expect(two.auth.me.query()).resolves.toMatchObject({ username });

    const tokens = await getTokens(one);
    storage.items.set("s", JSON.stringify({ ...tokens, accessToken: expire(tokens.accessToken) }));
    await Promise.all([
      one.auth.me.query(),
      two.auth.me.query(),
      one.model.list.query(),
      two.model.list.query(),
    ]);
    expect(recorder.count("auth.refresh")).toBe(1);

    await two.session.logout();
    expect(storage.items.size).toBe(0);
    await expect(one.auth.me.query()).rejects.toMatchObject({ code: "unauthenticated" });
    storage.items.set("s", "{ no tokens");
    await expect(one.session.tokens()).resolves.toBeNull();
  });

  it("is forgotten by a logout that the server does not hear of", async () => {
    await using stage = await setClientStage();
    const { client } = await stage.addUser();
    stage.proxy.setRefusal("cut");
    stage.proxy.cutAll();
    await expect(client.session.logout()).rejects.toMatchObject({ code: "network" });
    await expect(client.session.tokens()).resolves.toBeNull();
  });
});

describe.each(transports)("a stream over %s", (transport) => {
  it("goes on with another token when its own has expired while the line was cut", async () => {
    await using stage = await setClientStage(withSecret);
    const storage = createStorage();
    const { client, conversationId } = await stage.addUser({ transport, session: { storage } });
    const reply = createHandDrivenReply();
    stage.upstream.enqueue(reply.reply);
    reply.push(say("before, "));
    const stream = client.chat.stream({ conversationId, message: "Hi" });
    for await (const event of stream) {
      if (event.type !== "text-delta" || event.text !== "before, ") continue;
      const tokens = await getTokens(client);
      storage.setItem(
        "llm-backend.session",
        JSON.stringify({ ...tokens, accessToken: expire(tokens.accessToken) }),
      );
      stage.proxy.cutAll();
      reply.push(say("after."), finish());
    }
    expect(stream.text).toBe("before, after.");
    expect((await client.conversation.history.query({ conversationId })).messages.at(-1)?.content).toBe(
      stream.text,
    );
  });

  it("asks for a token again on each reconnect", async () => {
    await using stage = await setClientStage();
    const user = await stage.addUser();
    const { accessToken } = await getTokens(user.client);
    let asked = 0;
    const client = createClient({
      url: stage.proxy.url,
      transport,
      retry: quickRetry,
      getToken: () => (asked++ % 2 === 0 ? "no-token" : accessToken),
    });
    const { conversationId } = user;
    const stream = client.chat.stream({ conversationId, message: "Hi" });
    for await (const _ of stream) stage.proxy.cutAll();
    expect(stream.text).toBe("Hello world");
    expect(asked).toBeGreaterThan(3);
    client.close();
  });

  it("does not ask for ever with a token that is refused", async () => {
    await using stage = await setClientStage();
    const user = await stage.addUser();
    let asked = 0;
    const client = createClient({
      url: stage.proxy.url,
      transport,
      retry: quickRetry,
      getToken: () => Promise.resolve(`refused-${asked++}`),
    });
    const stream = client.chat.stream({ conversationId: user.conversationId, message: "Hi" });
    await expect(readToEnd(stream)).rejects.toMatchObject({ code: "unauthenticated", httpStatus: 401 });
    expect(asked).toBe(2);
    client.close();
  });

  it.each(["the client itself", "another device"])(
    "ends with unauthenticated when %s logs out",
    async (who) => {
      await using stage = await setClientStage();
      const user = await stage.addUser({ transport });
      const other = await addClientOf(user, { url: stage.backend.url });
      const reply = createHandDrivenReply();
      stage.upstream.enqueue(reply.reply);
      const stream = user.client.chat.stream({ conversationId: user.conversationId, message: "Hi" });
      const failure: unknown = await (async () => {
        for await (const event of stream) {
          if (event.type !== "run-start") continue;
          await (who === "another device"
            ? other.auth.logoutEverywhere.mutate()
            : user.client.session.logout());
        }
      })().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "unauthenticated", retryable: false });
      await expect(stream.result).rejects.toBe(failure);
    },
  );
});
