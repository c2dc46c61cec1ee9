import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSealBox, createUpstreamService } from "@llm-backend/server";
import { openSqlite } from "@llm-backend/storage";
import {
  answer,
  createFakeUpstream,
  startBackend,
  type FakeUpstream,
  type TestBackend,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { createRestCaller, type RestCaller } from "../callers/rest-caller.ts";

const token = "a-static-token-of-the-operator";

/** Asks for an answer in one piece, and says who gave it. */
async function ask(url: string, bearer = token): Promise<{ status: number; text: string }> {
  const response = await createRestCaller(url, bearer).post("/v1/chat/completions", {
    model: "m",
    messages: [{ role: "user", content: "Hello" }],
  });
  return { status: response.status, text: await response.text() };
}

const post = (caller: RestCaller, sk: string, endpoint: string) =>
  caller.post("/admin/upstreams", { SK: sk, Endpoint: endpoint });
const list = async (caller: RestCaller) =>
  (await (await caller.get("/admin/upstreams")).json()) as { ID: number; Endpoint: string }[];

/** Two upstreams, and a backend that knows the first. */
async function openStage(more: Readonly<Record<string, unknown>> = {}) {
  await using cleanup = new AsyncDisposableStack();
  const first = cleanup.use(await createFakeUpstream({ reply: answer(["first"]) }));
  const second = cleanup.use(await createFakeUpstream({ reply: answer(["second"]) }));
  const backend = cleanup.use(
    await startBackend({
      upstreams: [{ name: "first", endpoint: first.url, sk: "sk-first" }],
      config: { authorization: token, ...more },
    }),
  );
  const admin = createRestCaller(backend.url, token);
  const kept = cleanup.move();
  return { first, second, backend, admin, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const keysOf = ({ calls }: FakeUpstream) => calls.map(({ headers }) => headers.authorization);

describe("a change of the list", () => {
  it("acts with the next request: added, changed, removed", async () => {
    await using stage = await openStage();
    const { backend, admin, first, second } = stage;
    expect((await ask(backend.url)).text).toContain("first");
    expect((await post(admin, "sk-second", second.url)).status).toBe(200);
    await admin.request("DELETE", "/admin/upstreams/1");
    expect((await ask(backend.url)).text).toContain("second");
    const id = (await list(admin))[0]?.ID ?? 0;
    await admin.request("PUT", `/admin/upstreams/${id}`, { body: { SK: "sk-new", Endpoint: second.url } });
    await ask(backend.url);
    expect(keysOf(first)).toEqual(["Bearer sk-first"]);
    expect(keysOf(second)).toEqual(["Bearer sk-second", "Bearer sk-new"]);
    await admin.request("DELETE", `/admin/upstreams/${id}`);
    const nobody = await ask(backend.url);
    expect(nobody.status).toBe(404);
    expect(first.calls.length + second.calls.length).toBe(3);
  });

  it("of another process on the same data acts when this one looks, and holds at its next start", async () => {
    await using stage = await openStage();
    const { backend, second } = stage;
    await using command = await openCommand(backend);
    await command.list.add({ endpoint: second.url, keys: ["sk-second"] }, "cli");
    await command.list.remove({ id: 1 });
    await backend.server.backend.services.upstreams.poll();
    expect((await ask(backend.url)).text).toContain("second");
    await backend.server.stop();
    await using again = await startBackend({
      folder: backend.folder,
      upstreams: [{ name: "first", endpoint: stage.first.url, sk: "sk-first" }],
      config: { authorization: token },
    });
    expect((await ask(again.url)).text).toContain("second");
    expect(again.logLines.join("\n")).toContain("Upstream first stays removed, as an administrator left it");
    // A call is counted when it has ended here, which may be after its caller has read all of it.
    await expect
      .poll(() => list(createRestCaller(again.url, token)))
      .toMatchObject([{ ID: 2, Endpoint: second.url, SK: "…", Source: "cli", SuccessCount: 2 }]);
  });

  it("is seen by itself within a second or two", async () => {
    await using stage = await openStage();
    const { backend, second } = stage;
    await using command = await openCommand(backend);
    await command.list.add({ endpoint: second.url, keys: ["sk-second"] }, "cli");
    await command.list.remove({ id: 1 });
    await expect.poll(async () => (await ask(backend.url)).text, { timeout: 5000 }).toContain("second");
  });

  it("opens an upstream to the callers that it names, and to no others", async () => {
    await using stage = await openStage();
    const { backend } = stage;
    const { upstreams } = backend.server.backend.services;
    expect((await ask(backend.url, "guests-token-1234")).status).toBe(403);
    await upstreams.update({ id: 1, tokens: ["guests-token-1234"] });
    expect((await ask(backend.url, "guests-token-1234")).status).toBe(200);
    expect((await ask(backend.url)).status).not.toBe(200);
    await upstreams.update({ id: 1, tokens: ["…1234"], isOpen: true });
    expect((await ask(backend.url, "anybody")).status).toBe(200);
    await upstreams.update({ id: 1, tokens: [], isOpen: false });
    expect((await ask(backend.url, "guests-token-1234")).status).toBe(403);
    expect((await ask(backend.url)).status).toBe(200);
  });
});

it("counts answers and failures, and goes on counting after a restart", async () => {
  await using stage = await openStage();
  const { backend, admin, first } = stage;
  // Whether it is asked once more for the same request is another matter.
  first.enqueue({ ...answer([]), status: 500 });
  await ask(backend.url);
  await ask(backend.url);
  const counted = { SuccessCount: first.calls.length - 1, FailedCount: 1 };
  await expect
    .poll(() => list(admin))
    .toMatchObject([{ ...counted, LastCallSuccessTime: expect.stringMatching(/^20/) }]);
  await backend.server.stop();
  await using again = await startBackend({
    folder: backend.folder,
    upstreams: [{ name: "first", endpoint: first.url, sk: "sk-first" }],
    config: { authorization: token },
  });
  const [kept] = (await list(createRestCaller(again.url, token))) as unknown as Record<string, unknown>[];
  expect(kept).toMatchObject(counted);
});

it("tells of the latest requests, newest first, in the earlier gateway's words", async () => {
  await using stage = await openStage();
  const { backend, admin, first } = stage;
  await ask(backend.url);
  first.enqueue(answer(["the last"]));
  await ask(backend.url);
  await backend.server.backend.services.records.flush();
  const answered = await admin.get("/admin/request_records");
  expect(answered.status).toBe(200);
  const records = (await answered.json()) as Record<string, unknown>[];
  expect(records).toHaveLength(2);
  expect(records[0]).toMatchObject({
    Model: "m",
    Status: 200,
    UpstreamEndpoint: first.url,
    UpstreamSK: "",
    Authorization: "",
    Response: "the last",
    Body: expect.stringContaining("Hello"),
  });
  expect(records[1]).toMatchObject({ Response: "first" });
});

/** The list as a command beside the server has it. */
async function openCommand({ dataFolder }: TestBackend) {
  // Waiting for the server must not stop it: it lives in this process.
  const storage = await openSqlite({ path: join(dataFolder, "llm-backend.db"), shared: true });
  const masterKey = readMasterKey(dataFolder);
  return {
    list: createUpstreamService({ storage, sealBox: createSealBox(masterKey), now: Date.now }),
    [Symbol.asyncDispose]: () => storage.close(),
  };
}

function readMasterKey(dataFolder: string): Uint8Array {
  return Buffer.from(readFileSync(join(dataFolder, "master.key"), "utf8").trim(), "base64");
}
