import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callProcedure, readAnswer, toBody, toHostileBody, type Answer } from "./call-procedure.ts";
import {
  absentIds,
  createHostileWorld,
  hostileBodies,
  hostileValues,
  inParallel,
  wireTypes,
  type HostileWorld,
  type Someone,
} from "./hostile-world.ts";
import { procedurePlans } from "./procedure-plans.ts";
import { procedures } from "./procedures.ts";

/** Calls about something that is not there, or that a change before them has taken. */
const absent: Readonly<Record<string, number>> = {
  "admin.record.get": 404,
  "admin.price.remove": 404,
  "admin.upstream.update": 400,
  "admin.upstream.test": 404,
};

let world: HostileWorld;
let admin: Someone;

beforeAll(async () => {
  world = await createHostileWorld();
  admin = await world.addUser("admin");
});
afterAll(() => world[Symbol.asyncDispose]());

/** Calls a procedure as an administrator. A stream that goes on for as long as its session lives ends with it. */
async function send(path: string, body: string | Buffer, isEndless: boolean): Promise<Answer> {
  const token = isEndless ? await world.addToken(admin.username) : admin.token;
  const response = await callProcedure(`${world.backend.url}/trpc/${path}`, body, token);
  if (isEndless) await callProcedure(`${world.backend.url}/trpc/auth.logout`, "", token);
  return readAnswer(response);
}

describe.each(procedures.filter(({ access }) => access === "admin"))(
  "$path, called by an administrator",
  ({ path, type }) => {
    const { input } = procedurePlans[path] ?? {};
    const isEndless = type === "subscription";
    const sendIt = (body: string | Buffer) => send(path, body, isEndless);

    it("takes the call that its plan calls right", async () => {
      const { status } = await sendIt(toBody(input?.(absentIds)));
      expect(status).toBe(isEndless ? 401 : (absent[path] ?? 200));
    });

    it("answers whatever stands in a field with a result or a documented refusal", async () => {
      if (input === undefined) return;
      for (const field of Object.keys(input(absentIds)))
        await inParallel(hostileValues, (json) => sendIt(toHostileBody(input(absentIds), { field, json })));
    });

    it("answers whatever the wire format can express with a result or a documented refusal", async () => {
      if (input === undefined) return;
      for (const field of Object.keys(input(absentIds))) {
        await inParallel(wireTypes, ([wireType, json]) =>
          sendIt(toHostileBody(input(absentIds), { field, json, wireType })),
        );
      }
    });

    it("answers bodies that are no request with a result or a documented refusal", async () => {
      await inParallel(hostileBodies, sendIt);
    });
  },
);

it("has met nothing that it did not know what to do with", async () => {
  expect((await fetch(`${world.backend.url}/readyz`)).status).toBe(200);
  expect(world.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
});
