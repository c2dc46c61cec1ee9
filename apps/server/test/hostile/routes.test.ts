import { apiRoutes } from "@llm-backend/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newUsername, password } from "../callers/rest-caller.ts";
import { smallDocument } from "../holdings/small-document.ts";
import {
  absentIds,
  createHostileWorld,
  expectHarmless,
  hostileBodies,
  hostileValues,
  inParallel,
  type HostileWorld,
  type Ids,
  type Someone,
} from "./hostile-world.ts";

/** How one row of the table is called rightly. */
type RoutePlan = {
  readonly access: "public" | "user";
  readonly body?: (ids: Ids) => Readonly<Record<string, unknown>>;
  readonly status: number;
  /** What stands behind the path, which then holds the ids. */
  readonly query?: (ids: Ids) => string;
  /** The ids stand in the body, or behind the path. */
  readonly usesIds?: true;
  /** A call may end the caller's session, so that each one takes a token of its own. */
  readonly endsSession?: true;
};

/** A plan for every row: one without a plan fails the suite. */
const plans: Readonly<Record<string, RoutePlan>> = {
  "POST /api/users/register": {
    access: "public",
    body: () => ({ username: newUsername(), password }),
    status: 201,
  },
  "POST /api/users/login": { access: "public", body: () => ({ username: "nobody", password }), status: 401 },
  "POST /api/users/logout": { access: "user", status: 200, endsSession: true },
  "POST /api/conversations/create": {
    access: "user",
    body: () => ({ title: "T", model: "m", api_key: "" }),
    status: 200,
  },
  "GET /api/conversations/history/:conversation_id": { access: "user", status: 200 },
  "GET /api/conversations/list": { access: "user", status: 200 },
  "GET /api/conversations/branch/:conversation_id": { access: "user", status: 200 },
  "POST /api/conversations/select/:conversation_id": {
    access: "user",
    body: ({ answerId }) => ({ message_id: answerId }),
    status: 200,
  },
  "POST /api/conversations/fork/:conversation_id": {
    access: "user",
    body: ({ answerId }) => ({ message_id: answerId, title: "T" }),
    status: 200,
  },
  "POST /api/attachments": { access: "user", body: () => ({ any: "text" }), status: 201 },
  "GET /api/attachments/:attachment_id": { access: "user", status: 200 },
  "POST /api/attachments/list": {
    access: "user",
    body: () => ({ cursor: absentIds.attachmentId, limit: 5 }),
    status: 200,
  },
  "POST /api/attachments/del/:attachment_id": { access: "user", status: 200 },
  "GET /api/tools": { access: "user", status: 200 },
  "POST /api/tools/permission": {
    access: "user",
    body: () => ({ name: "server__tool", permission: "never" }),
    status: 200,
  },
  "POST /api/tools/allow": {
    access: "user",
    // Of nobody's answer: a path without an id is called without a conversation.
    body: ({ runId }) => ({ run_id: runId, call_id: "call00001", decision: "once" }),
    status: 404,
  },
  "POST /api/users/delete": { access: "user", body: () => ({ password: "wrong" }), status: 403 },
  "POST /api/conversations/search": {
    access: "user",
    body: () => ({ query: "hi", role: "user", archived: "all", limit: 5 }),
    status: 200,
  },
  "POST /api/conversations/update/:conversation_id": {
    access: "user",
    body: () => ({ title: "T", pinned: true, archived: false, system_prompt: null }),
    status: 200,
  },
  "GET /api/conversations/export/:conversation_id": { access: "user", status: 200 },
  "GET /api/conversations/export-all": { access: "user", status: 200 },
  "POST /api/conversations/import": { access: "user", body: () => smallDocument, status: 200 },
  "POST /api/conversations/del-all": { access: "user", status: 200, endsSession: true },
  "POST /api/temporary-chat": {
    access: "user",
    body: () => ({ model: "m", system_prompt: "", messages: [{ role: "user", content: "hi" }] }),
    status: 200,
  },
  "POST /api/conversations/del/:conversation_id": { access: "user", status: 200 },
  "POST /api/chat/:conversation_id": {
    access: "user",
    body: () => ({ message: "hi", on_disconnect: "continue" }),
    status: 200,
  },
  "POST /api/chat/regenerate/:conversation_id": {
    access: "user",
    body: ({ answerId }) => ({ message_id: answerId, model: "m", on_disconnect: { grace_ms: 600_000 } }),
    status: 200,
  },
  "POST /api/chat/edit/:conversation_id": {
    access: "user",
    body: ({ messageId }) => ({ message_id: messageId, message: "hi", on_disconnect: "continue" }),
    status: 200,
  },
  // The answer has an end of its own.
  "POST /api/chat/continue/:conversation_id": {
    access: "user",
    body: ({ answerId }) => ({ message_id: answerId, model: "m", on_disconnect: "continue" }),
    status: 400,
  },
  "GET /api/chat/:conversation_id": { access: "user", status: 200 },
  "POST /api/rag/kb/create": {
    access: "user",
    body: () => ({ kb_name: "B", embedding_model: "builtin-hashed" }),
    status: 200,
  },
  "GET /api/rag/kb/list": { access: "user", status: 200 },
  "POST /api/rag/kb/update": {
    access: "user",
    body: ({ baseId }) => ({ kb_id: baseId, kb_name: "B", embedding_model: "builtin-hashed" }),
    status: 200,
    usesIds: true,
  },
  "POST /api/rag/kb/delete": {
    access: "user",
    body: ({ baseId }) => ({ kb_id: baseId }),
    status: 200,
    usesIds: true,
  },
  "GET /api/rag/kb/readers": {
    access: "user",
    query: ({ baseId }) => `?kb_id=${baseId}`,
    status: 200,
    usesIds: true,
  },
  "POST /api/rag/kb/readers/add": {
    access: "user",
    body: ({ baseId }) => ({ kb_id: baseId, username: "nobody at all" }),
    status: 404,
  },
  "POST /api/rag/kb/readers/remove": {
    access: "user",
    body: ({ baseId }) => ({ kb_id: baseId, username: "nobody at all" }),
    status: 200,
    usesIds: true,
  },
  "GET /api/rag/models": { access: "user", status: 200 },
  // The body is no form.
  "POST /api/rag/doc/upload": { access: "user", body: () => ({ kb_id: "x" }), status: 415 },
  "GET /api/rag/doc/list": {
    access: "user",
    query: ({ baseId }) => `?kb_id=${baseId}`,
    status: 200,
    usesIds: true,
  },
  "POST /api/rag/doc/get": {
    access: "user",
    body: ({ baseId, documentId }) => ({ kb_id: baseId, doc_id: documentId }),
    status: 200,
    usesIds: true,
  },
  "POST /api/rag/doc/delete": {
    access: "user",
    body: ({ baseId, documentId }) => ({ kb_id: baseId, doc_id: documentId }),
    status: 200,
    usesIds: true,
  },
  "POST /api/rag/doc/retry": {
    access: "user",
    body: ({ baseId, documentId }) => ({ kb_id: baseId, doc_id: documentId }),
    // It is on its way, or ready.
    status: 409,
    usesIds: true,
  },
  "POST /api/rag/doc/cancel": {
    access: "user",
    body: ({ baseId, documentId }) => ({ kb_id: baseId, doc_id: documentId }),
    status: 200,
    usesIds: true,
  },
  "POST /api/rag/retrieve": {
    access: "user",
    body: ({ baseId }) => ({ kb_id: baseId, query: "apples", top_k: 3 }),
    status: 200,
    usesIds: true,
  },
  "POST /api/rag/chat": {
    access: "user",
    body: ({ conversationId, baseId }) => ({
      conversation_id: conversationId,
      kb_id: baseId,
      message: "hi",
      top_k: 3,
    }),
    status: 200,
    usesIds: true,
  },
};

let world: HostileWorld;
let owner: Someone;
let attacker: Someone;
let disabled: Someone;
let leaver: Someone;
let foreignIds: Ids;
/** Every status that a path was answered with. */
const seen = new Set<string>();

beforeAll(async () => {
  world = await createHostileWorld();
  owner = await world.addUser();
  attacker = await world.addUser();
  disabled = await world.addUser();
  leaver = await world.addUser();
  foreignIds = await world.addConversation(owner.token);
  await world.backend.server.backend.services.users.disable(disabled.username);
});
afterAll(() => world[Symbol.asyncDispose]());

type Sent = { readonly path: string; readonly body?: string | Buffer; readonly token?: string | undefined };

/** Sends a request; whatever comes back is in the face's own words. */
async function send(method: string, { path, body, token }: Sent): Promise<{ status: number; text: string }> {
  const response = await fetch(`${world.backend.url}${path}`, {
    method,
    headers: { "x-file-name": "a", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(body === undefined || method === "GET" ? {} : { body: body as BodyInit }),
  });
  const text = await response.text();
  expectHarmless(text);
  expect(response.status).toBeLessThan(500);
  seen.add(
    `${method} ${path
      .replace(/\?.*$/, "")
      .replace(/\/(\d+)$/, "/{conversation_id}")
      .replace(/\/att_\w+$/, "/{attachment_id}")} ${response.status}`,
  );
  if (response.status >= 400) expectRefusal(method, path, JSON.parse(text));
  return { status: response.status, text };
}

/** A refusal says why, and where its callers look for that, that it is one. */
function expectRefusal(method: string, path: string, body: unknown): void {
  const [bare] = path.split("?");
  const row = apiRoutes.find((one) => one.method === method && one.path === bare);
  const error = expect.stringMatching(/./) as string;
  expect(body).toEqual(row?.hasEnvelope === true ? { success: false, message: error, error } : { error });
}

it("has a plan for every row of the table, and none for what is gone", () => {
  const rows = apiRoutes.map(({ method, path }) => `${method} ${path}`);
  expect(Object.keys(plans).toSorted()).toEqual(rows.toSorted());
  for (const row of apiRoutes)
    expect([row.path, row.access]).toEqual([row.path, plans[`${row.method} ${row.path}`]?.access]);
});

describe.each(apiRoutes.map((row) => [`${row.method} ${row.path}`, row] as const))(
  "%s",
  (name, { method, path, access }) => {
    const plan: RoutePlan = plans[name] ?? { access: "user", status: 200 };
    const toPath = (id: unknown) => path.replace(/:(conversation|attachment)_id/, String(id));
    const getId = (ids: Ids) => (path.includes(":attachment_id") ? ids.attachmentId : ids.conversationId);
    const toBody = (ids: Ids) => (plan.body === undefined ? undefined : JSON.stringify(plan.body(ids)));
    const hasPathId = path.includes("_id");
    const hasId = hasPathId || plan.usesIds === true;
    const getToken = () =>
      plan.endsSession === true ? world.addToken(leaver.username) : Promise.resolve(attacker.token);
    const toSent = (ids: Ids, token?: string, id: unknown = getId(ids)): Sent => {
      const body = toBody(ids);
      return { path: toPath(id) + (plan.query?.(ids) ?? ""), token, ...(body === undefined ? {} : { body }) };
    };

    it("takes the call that its plan calls right", async () => {
      const ids = hasId ? await world.addConversation(attacker.token) : absentIds;
      expect((await send(method, toSent(ids, await getToken()))).status).toBe(plan.status);
    });

    it("refuses strangers, bad tokens and disabled users alike, unless it is for everyone", async () => {
      const tokens = [
        undefined,
        "nonsense",
        `${attacker.token}x`,
        attacker.token.slice(0, -4),
        disabled.token,
      ];
      for (const token of tokens) {
        const { status } = await send(method, toSent(foreignIds, token));
        expect(status).toBe(access === "public" ? plan.status : 401);
      }
      // What is wrong with a request is nobody's business who may not call at all.
      if (access !== "public")
        expect((await send(method, { path: toPath("x"), body: "{" })).status).toBe(401);
    });

    it("answers foreign ids as absent ones, to the byte", async () => {
      if (!hasId) return;
      const foreign = await send(method, toSent(foreignIds, attacker.token));
      const absent = await send(method, toSent(absentIds, attacker.token));
      expect(foreign.status).toBe(404);
      expect(absent).toEqual(foreign);
      const kept = await send("GET", {
        path: `/api/conversations/history/${foreignIds.conversationId}`,
        token: owner.token,
      });
      expect(kept.status).toBe(200);
    });

    it("answers whatever stands in a field with a result or a documented refusal", async () => {
      const ids = hasId ? await world.addConversation(attacker.token) : absentIds;
      for (const field of Object.keys(plan.body?.(ids) ?? {})) {
        await inParallel(hostileValues, async (value) => {
          const fields = Object.entries(plan.body?.(ids) ?? {}).map(([key, given]) =>
            key === field ? `"${key}":${value}` : `"${key}":${JSON.stringify(given)}`,
          );
          await send(method, {
            path: toPath(getId(ids)),
            body: `{${fields.join(",")}}`,
            token: attacker.token,
          });
        });
      }
    });

    it("answers bodies that are no request with a result or a documented refusal", async () => {
      const ids = hasId ? await world.addConversation(attacker.token) : absentIds;
      await inParallel(hostileBodies, async (body) =>
        send(method, { path: toPath(getId(ids)), body, token: await getToken() }),
      );
    });

    it("answers ids of every form with a result or a documented refusal", async () => {
      if (!hasPathId) return;
      const ids = [
        "",
        "%00",
        "..%2f..%2fetc%2fpasswd",
        "%e0%80%80",
        "'",
        "1;drop",
        "-0",
        "+1",
        "1e9",
        "x".repeat(8000),
        "\u{1f600}",
      ];
      for (const id of ids) {
        const { status } = await send(method, toSent(absentIds, attacker.token, id));
        expect([400, 404, 414]).toContain(status);
      }
    });

    it("takes no method but its own", async () => {
      for (const other of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
        if (apiRoutes.some((row) => row.method === other && row.path === path)) continue;
        expect((await send(other, toSent(absentIds, attacker.token))).status).toBe(404);
      }
    });
  },
);

it("has answered with no status that its documentation does not name", async () => {
  const { paths } = (await (await fetch(`${world.backend.url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  };
  const documented = new Set(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    ),
  );
  const calls = new Set([...documented].map((line) => line.slice(0, line.lastIndexOf(" "))));
  const known = [...seen].filter((line) => calls.has(line.slice(0, line.lastIndexOf(" "))));
  expect(known.length).toBeGreaterThan(20);
  expect(known.filter((line) => !documented.has(line))).toEqual([]);
});

it("has met nothing that it did not know what to do with", async () => {
  expect((await fetch(`${world.backend.url}/readyz`)).status).toBe(200);
  expect(world.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
});
