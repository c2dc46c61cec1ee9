import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callProcedure, readAnswer, toBody, toHostileBody } from "./call-procedure.ts";
import {
  absentIds,
  createHostileWorld,
  hostileBodies,
  hostileValues,
  inParallel,
  wireTypes,
  type HostileWorld,
  type Ids,
  type Someone,
} from "./hostile-world.ts";
import { procedurePlans } from "./procedure-plans.ts";
import { procedures } from "./procedures.ts";

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

const send = async (path: string, body: string | Buffer, token?: string) =>
  readAnswer(await callProcedure(`${world.backend.url}/trpc/${path}`, body, token));

const names = (body: string, ids: Ids) => Object.values(ids).some((id) => body.includes(String(id)));

it("has a plan for every procedure, and none for what is gone", () => {
  expect(Object.keys(procedurePlans).toSorted()).toEqual(procedures.map(({ path }) => path).toSorted());
  for (const { path, access } of procedures)
    expect([path, access]).toEqual([path, procedurePlans[path]?.access]);
});

describe.each(procedures)("$path", ({ path, type }) => {
  const plan = procedurePlans[path] ?? { access: "user" };
  const { access, input, endsSession, status = access === "admin" ? 403 : 200 } = plan;
  const getToken = () =>
    endsSession === true ? world.addToken(leaver.username) : Promise.resolve(attacker.token);

  it("takes the call that its plan calls right", async () => {
    const isAboutIds = names(toBody(input?.(absentIds)), absentIds);
    const ids = isAboutIds ? await world.addConversation(attacker.token) : absentIds;
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
    const kinds = Object.keys(ownIds) as (keyof Ids)[];
    for (const mixture of [kinds, ...kinds.map((kind) => [kind])]) {
      const mix = (ids: Ids): Ids => ({
        ...ownIds,
        ...Object.fromEntries(mixture.map((kind) => [kind, ids[kind]])),
      });
      const body = toBody(input(mix(foreignIds)));
      if (!names(body, foreignIds)) continue;
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
    for (const field of Object.keys(input(ownIds))) {
      await inParallel(hostileValues, (json) =>
        send(path, toHostileBody(input(ownIds), { field, json }), attacker.token),
      );
    }
  });

  it("answers whatever the wire format can express with a result or a documented refusal", async () => {
    if (input === undefined) return;
    const [field = "x"] = Object.keys(input(ownIds));
    await inParallel(wireTypes, async ([wireType, json]) => {
      await send(path, toHostileBody(input(ownIds), { field, json, wireType }), attacker.token);
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
      const answer = await readAnswer(response);
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
