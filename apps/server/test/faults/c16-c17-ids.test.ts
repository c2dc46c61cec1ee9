import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callProcedure, readAnswer, toBody, toHostileBody } from "../hostile/call-procedure.ts";
import { absentIds, addIds, type Ids } from "../hostile/hostile-world.ts";
import { procedurePlans } from "../hostile/procedure-plans.ts";
import { setClientStage, type ClientStage } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";
import { sideBySide } from "./side-by-side.ts";

/** What stands in the place of an id, as JSON. */
const noIds = (id: string): readonly string[] => [
  '""',
  '"x"',
  "\"1' or '1'='1\"",
  '"../../../etc/passwd"',
  `"${"x".repeat(10_000)}"`,
  JSON.stringify(id.toUpperCase()),
  JSON.stringify(`${id}0`),
  '"a\\u0000b"',
  "0",
  "-1",
  "1.5",
  "1e999",
  "9007199254740993",
  "{}",
  "[]",
];

const send = (
  stage: ClientStage,
  path: string,
  given: { readonly body: string; readonly token?: string | undefined },
) => callProcedure(`${stage.backend.url}/trpc/${path}`, given.body, given.token).then(readAnswer);

/** The fields of a plan's input that hold one of the ids. */
function findIdFields(input: Readonly<Record<string, unknown>>, ids: Ids): readonly string[] {
  const values = new Set<unknown>(Object.values(ids));
  return Object.keys(input).filter((field) => values.has(input[field]));
}

describe("C16: an id is none, or somebody else's", () => {
  it(
    "C16: every procedure refuses what is no id, and answers foreign ids as absent ones",
    { timeout: 120_000 },
    async () => {
      await using stage = await setClientStage();
      const [own, other] = [await stage.addUser(), await stage.addUser()];
      const token = own.rest.token ?? "";
      const foreign = await addIds(stage.backend.url, other.rest.token ?? "");
      const plans = Object.entries(procedurePlans).filter(([, { access }]) => access === "user");
      let tries = 0;
      await sideBySide(plans, async ([path, { input }]) => {
        for (const field of input === undefined ? [] : findIdFields(input(foreign), foreign)) {
          const right = input?.(foreign) ?? {};
          for (const json of noIds(String(right[field]))) {
            const { status } = await send(stage, path, {
              body: toHostileBody(right, { field, json }),
              token,
            });
            expect([400, 404], `${path}: ${field} ${json}`).toContain(status);
            tries++;
          }
          const [theirs, nobodys] = await Promise.all(
            [foreign, absentIds].map((ids) => send(stage, path, { body: toBody(input?.(ids)), token })),
          );
          expect([path, theirs?.status]).toEqual([path, 404]);
          expect([path, theirs]).toEqual([path, nobodys]);
        }
      });
      expect(tries).toBeGreaterThan(200);
      await stage.judge();
    },
  );

  it("C16: so does every address of the REST face that holds one", async () => {
    await using stage = await setClientStage();
    const [own, other] = [await stage.addUser(), await stage.addUser()];
    const { paths } = (await (await own.rest.get("/api/openapi.json")).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const about = Object.entries(paths).filter(([path]) => path.includes("{conversation_id}"));
    expect(about.length).toBeGreaterThan(5);
    const ids = [
      "x",
      "0",
      "-1",
      "1.5",
      "1e5",
      "%27%20or%201",
      "..%2f..%2fetc",
      "9".repeat(5_000),
      "9007199254740993",
      "%00",
      "１",
    ];
    for (const [template, methods] of about) {
      for (const method of Object.keys(methods)) {
        const ask = async (id: string | number) => {
          const path = template
            .replace("{conversation_id}", String(id))
            .replaceAll(/\{\w+\}/g, absentIds.messageId);
          const body = method === "get" || method === "delete" ? {} : { body: { title: "T", message: "Hi" } };
          const answered = await own.rest.request(method.toUpperCase(), path, body);
          return { status: answered.status, text: await answered.text() };
        };
        for (const id of ids)
          expect([400, 404, 414], `${method} ${template} ${id}`).toContain((await ask(id)).status);
        const [theirs, nobodys] = [await ask(other.conversationId), await ask(absentIds.conversationId)];
        // Removing what is not there is done already, whoever's it was.
        expect([400, 404], `${method} ${template}`).toContain(theirs.status);
        expect(theirs).toEqual(nobodys);
      }
    }
    expect(
      (await other.trpc.tryQuery("conversation.get", { conversationId: other.conversationId })).status,
    ).toBe(200);
    await stage.judge();
  });
});

describe("C17: a number or a cursor is none", () => {
  const lists = Object.entries(procedurePlans).filter(
    ([, { access, input }]) => access === "user" && input !== undefined && "limit" in input(absentIds),
  );

  it("C17: a limit that is no number, or too large, is refused by every list", async () => {
    await using stage = await setClientStage();
    const { rest } = await stage.addUser();
    const token = rest.token ?? "";
    const ids = await addIds(stage.backend.url, token);
    expect(lists.length).toBeGreaterThan(4);
    for (const [path, { input }] of lists) {
      for (const json of [
        "-1",
        "0",
        "1.5",
        "1e309",
        "-1e309",
        "9007199254740993",
        "1000000000",
        '"1e3"',
        '"5"',
        "null",
        "true",
        "[5]",
      ]) {
        const body = toHostileBody(input?.(ids) ?? {}, { field: "limit", json });
        expect([path, json, (await send(stage, path, { body, token })).status]).toEqual([path, json, 400]);
      }
      const body = toHostileBody(input?.(ids) ?? {}, { field: "limit", json: "1e0" });
      expect((await send(stage, path, { body, token })).status).toBe(200);
    }
    await stage.judge();
  });

  it(
    "C17: an edited cursor shows nothing but the caller's own, and never fails",
    { timeout: 120_000 },
    async () => {
      await using stage = await setClientStage();
      const [own, other] = [await stage.addUser(), await stage.addUser()];
      const token = own.rest.token ?? "";
      const theirs = await addIds(stage.backend.url, other.rest.token ?? "");
      for (let count = 0; count < 3; count++) await addIds(stage.backend.url, token);
      const cursors = fc.oneof(
        fc.integer().map(String),
        fc.double().map((value) => JSON.stringify(value)),
        fc.maxSafeInteger().map((value) => String(value)),
        fc.string({ maxLength: 40 }).map((value) => JSON.stringify(value)),
        fc.tuple(fc.integer(), fc.integer(), fc.double()).map((parts) => JSON.stringify(parts.join(":"))),
        fc.constantFrom(...Object.values(theirs).map((id) => JSON.stringify(id))),
        fc.constantFrom("null", "{}", "[]", "1e309", "-0"),
      );
      await fc.assert(
        fc.asyncProperty(cursors, fc.constantFrom(...lists), async (json, [path, { input }]) => {
          const right = { ...input?.(absentIds), limit: 2 } as Record<string, unknown>;
          delete right["conversationId"];
          if (path === "conversation.history") right["conversationId"] = own.conversationId;
          const answer = await send(stage, path, {
            body: toHostileBody(right, { field: "cursor", json }),
            token,
          });
          expect([200, 400, 404], `${path} ${json}`).toContain(answer.status);
          if (answer.status !== 200) return;
          for (const id of Object.values(theirs)) {
            // What was asked for may be told back where it is refused, but not where something is shown.
            expect(answer.text, `${path} ${json}`).not.toContain(`"${id}"`);
          }
          expect(answer.text).not.toContain(String(other.conversationId));
        }),
        { numRuns: isFullSize ? 2000 : 120 },
      );
      await stage.judge();
    },
  );
});
