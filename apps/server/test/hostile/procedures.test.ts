import { appRouter, type ErrorShape, type ProcedureMeta } from "@llm-backend/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSseEvents } from "../callers/frames.ts";
import {
  absentIds,
  createHostileWorld,
  expectHarmless,
  hostileBodies,
  hostileValues,
  inParallel,
  wireTypes,
  type HostileWorld,
  type Ids,
  type Someone,
} from "./hostile-world.ts";
import { procedurePlans } from "./procedure-plans.ts";

type Kind = "query" | "mutation" | "subscription";
type Procedure = { readonly _def: { readonly type: Kind; readonly meta?: ProcedureMeta } };

// oxlint-disable-next-line no-underscore-dangle -- how tRPC names it
const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, Procedure>);

let world: HostileWorld;
let owner: Someone;
let attacker: Someone;
let disabled: Someone;
/** Whose sessions are ended again and again. */
let leaver: Someone;
let foreignIds: Ids;
let ownIds: Ids;

beforeAll(async () => {
  world = await createHostileWorld();
  owner = await world.addUser();
  attacker = await world.addUser();
  disabled = await world.addUser();
  leaver = await world.addUser();
  foreignIds = await world.addConversation(owner.token);
  ownIds = await world.addConversation(attacker.token);
  await world.backend.server.backend.services.users.disable(disabled.username);
});
afterAll(() => world[Symbol.asyncDispose]());

type Answer = { readonly status: number; readonly text: string; readonly error: ErrorShape | undefined };

/** Sends a body to a procedure, whatever its kind: they all take one. */
async function send(path: string, body: string | Buffer, token?: string): Promise<Answer> {
  const response = await fetch(`${world.backend.url}/trpc/${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: body as BodyInit,
  });
  return read(response);
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  expectHarmless(text);
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) return readStream(text);
  const { error } = JSON.parse(text) as { error?: { json: ErrorShape } };
  if (error !== undefined) expectDocumented(error.json, response.status);
  return { status: response.status, text, error: error?.json };
}

function readStream(text: string): Answer {
  const failure = readSseEvents(text).find(({ event }) => event === "serialized-error");
  if (failure === undefined) return { status: 200, text, error: undefined };
  const { json } = JSON.parse(failure.data) as { json: ErrorShape };
  expectDocumented(json, json.data.httpStatus);
  return { status: json.data.httpStatus, text, error: json };
}

function expectDocumented(error: ErrorShape, status: number): void {
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(error).toMatchObject({
    message: expect.stringMatching(/./),
    code: expect.any(Number),
    data: {
      code: expect.any(String),
      httpStatus: status,
      reason: expect.any(String),
      retryable: expect.any(Boolean),
    },
  });
  expect(error.data).not.toHaveProperty("stack");
}

const toBody = (input: unknown) => JSON.stringify({ json: input });

it("has a plan for every procedure, and none for what is gone", () => {
  expect(Object.keys(procedurePlans).toSorted()).toEqual(procedures.map(([path]) => path).toSorted());
  for (const [path, { _def }] of procedures)
    expect([path, _def.meta?.access]).toEqual([path, procedurePlans[path]?.access]);
});

describe.each(procedures)("%s", (path, { _def: { type } }) => {
  const plan = procedurePlans[path] ?? { access: "user" };
  const { access, input, endsSession, status = access === "admin" ? 403 : 200 } = plan;
  const getToken = () =>
    endsSession === true ? world.addToken(leaver.username) : Promise.resolve(attacker.token);

  it("takes the call that its plan calls right", async () => {
    const ids = input === undefined ? absentIds : await world.addConversation(attacker.token);
    const answer = await send(path, toBody(input?.(ids)), await getToken());
    expect([path, answer.status, answer.error]).toEqual([
      path,
      status,
      status === 200 ? undefined : expect.anything(),
    ]);
  });

  it("refuses strangers, bad tokens and disabled users alike, unless it is for everyone", async () => {
    const tokens = [undefined, "nonsense", `${attacker.token}x`, attacker.token.slice(0, -4), disabled.token];
    for (const token of tokens) {
      const answer = await send(path, toBody(input?.(foreignIds)), token);
      expect(answer.status).toBe(access === "public" ? status : 401);
    }
    // What is wrong with an input is nobody's business who may not call at all.
    if (access !== "public") expect((await send(path, toBody({ nonsense: true }))).status).toBe(401);
  });

  it("answers foreign ids as absent ones, to the byte", async () => {
    if (input === undefined) return;
    const names = Object.keys(ownIds) as (keyof Ids)[];
    for (const mixture of [names, ...names.map((name) => [name])]) {
      const mix = (ids: Ids): Ids => ({
        ...ownIds,
        ...Object.fromEntries(mixture.map((name) => [name, ids[name]])),
      });
      const body = toBody(input(mix(foreignIds)));
      if (!Object.values(foreignIds).some((id) => body.includes(String(id)))) continue;
      const foreign = await send(path, body, attacker.token);
      const absent = await send(path, toBody(input(mix(absentIds))), attacker.token);
      expect([mixture, foreign.status]).toEqual([mixture, 404]);
      expect(absent).toEqual(foreign);
    }
    // Nothing of it has changed anything of the owner's.
    const history = await send(
      "conversation.history",
      toBody({ conversationId: foreignIds.conversationId }),
      owner.token,
    );
    expect(history.status).toBe(200);
    expect(history.text).toContain(foreignIds.answerId);
  });

  it("refuses unknown fields", async () => {
    if (input === undefined) return;
    const refusal = access === "admin" ? 403 : 400;
    for (const name of ["role", "userId", "user_id", "isAdmin", "status", "id", "constructor", "toString"]) {
      const answer = await send(path, toBody({ ...input(ownIds), [name]: "admin" }), await getToken());
      expect([name, answer.status]).toEqual([name, refusal]);
    }
    const prototype = toBody({ ...input(ownIds), proto: { role: "admin" } }).replace(
      '"proto"',
      '"__proto__"',
    );
    expect((await send(path, prototype, await getToken())).status).toBe(refusal);
  });

  it("answers whatever stands in a field with a result or a documented refusal", async () => {
    if (input === undefined) return;
    for (const name of Object.keys(input(ownIds))) {
      await inParallel(hostileValues, async (value) => {
        const fields = Object.entries(input(ownIds)).map(([key, field]) =>
          key === name ? `"${key}":${value}` : `"${key}":${JSON.stringify(field)}`,
        );
        await send(path, `{"json":{${fields.join(",")}}}`, attacker.token);
      });
    }
  });

  it("answers whatever the wire format can express with a result or a documented refusal", async () => {
    if (input === undefined) return;
    const [name = "x"] = Object.keys(input(ownIds));
    await inParallel(wireTypes, async ([wireType, json]) => {
      const fields = Object.entries({ ...input(ownIds), [name]: 0 }).map(([key, field]) =>
        key === name ? `"${key}":${json}` : `"${key}":${JSON.stringify(field)}`,
      );
      await send(
        path,
        `{"json":{${fields.join(",")}},"meta":{"values":{"${name}":${wireType}}}}`,
        attacker.token,
      );
      await send(path, `{"json":${json},"meta":{"values":${wireType}}}`, await getToken());
    });
  });

  it("answers bodies that are no request with a result or a documented refusal", async () => {
    await inParallel(hostileBodies, async (body) => send(path, body, await getToken()));
  });

  it("takes no method but its own", async () => {
    const token = await getToken();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
      const response = await fetch(`${world.backend.url}/trpc/${path}`, { method, headers });
      const answer = await read(response);
      if (method === "GET" && type !== "mutation") expect(answer.status).toBeLessThan(500);
      else expect([method, answer.status]).toEqual([method, 405]);
    }
  });
});

it("has met nothing that it did not know what to do with", async () => {
  expect((await fetch(`${world.backend.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${world.backend.url}/readyz`)).status).toBe(200);
  expect(world.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
});
