import { adminRoutes } from "@llm-backend/rest";
import { operator } from "@llm-backend/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createHostileWorld,
  expectHarmless,
  hostileBodies,
  hostileValues,
  inParallel,
  type HostileWorld,
  type Someone,
} from "./hostile-world.ts";

let world: HostileWorld;
let user: Someone;
let admin: Someone;
/** A key that opens `/v1`. */
let key: string;

beforeAll(async () => {
  world = await createHostileWorld();
  user = await world.addUser();
  admin = await world.addUser("admin");
  const issued = await world.backend.server.backend.services.keys.create(operator, { name: "k" });
  key = issued.secret;
});
afterAll(() => world[Symbol.asyncDispose]());

type Sent = { readonly path: string; readonly body?: string | Buffer; readonly token?: string | undefined };
type Answer = { readonly status: number; readonly text: string };

async function send(method: string, { path, body, token }: Sent): Promise<Answer> {
  const response = await fetch(`${world.backend.url}${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined || method === "GET" ? {} : { body: body as BodyInit }),
  });
  const text = await response.text();
  expectHarmless(text);
  expect(response.status).toBeLessThan(500);
  return { status: response.status, text };
}

const badTokens = () => [undefined, "nonsense", `${key}x`, key.slice(0, -4), "sk-llmb-"];

/** How each row of the administration is called rightly. `:id` is an upstream of its own. */
const adminPlans: Readonly<Record<string, () => Readonly<Record<string, unknown>> | undefined>> = {
  "POST /admin/login": () => undefined,
  "GET /admin/upstreams": () => undefined,
  "POST /admin/upstreams": () => ({ SK: "sk-1", Endpoint: toEndpoint() }),
  "PUT /admin/upstreams/:id": () => ({ SK: "sk-2", Endpoint: toEndpoint() }),
  "DELETE /admin/upstreams/:id": () => undefined,
  "GET /admin/request_records": () => undefined,
};

let endpoints = 0;
const toEndpoint = () => `https://u${++endpoints}.example/v1`;

it("has a plan for every row of the administration, and none for what is gone", () => {
  const rows = adminRoutes.map(({ method, path }) => `${method} ${path}`);
  expect(Object.keys(adminPlans).toSorted()).toEqual(rows.toSorted());
});

describe.each(adminRoutes.map((row) => [`${row.method} ${row.path}`, row] as const))(
  "%s",
  (name, { method, path, takesBody }) => {
    const toPath = (id: unknown) => path.replace(":id", String(id));
    const toFields = () => adminPlans[name]?.() ?? {};
    const addUpstream = async () => {
      const { upstreams } = world.backend.server.backend.services;
      return (await upstreams.add({ endpoint: toEndpoint() })).id;
    };
    const sendIt = async (sent: Partial<Sent>) => {
      const answer = await send(method, { path: toPath(1), token: admin.token, ...sent });
      if (answer.status >= 400) expect(JSON.parse(answer.text)).toEqual({ error: expect.any(String) });
      return answer;
    };

    it("takes the call that its plan calls right", async () => {
      const id = path.includes(":id") ? await addUpstream() : 0;
      const answer = await sendIt({ path: toPath(id), body: JSON.stringify(toFields()) });
      expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    });

    it("refuses strangers, bad tokens, users and keys for models alike, whatever they send", async () => {
      for (const token of [...badTokens(), user.token, key]) {
        for (const body of [JSON.stringify(toFields()), "{", "[".repeat(10_000)])
          expect((await sendIt({ token, body, path: toPath("x") })).status).toBe(403);
      }
    });

    it("answers whatever stands in a field, and bodies that are no request, with a result or a refusal", async () => {
      const id = path.includes(":id") ? await addUpstream() : 0;
      for (const field of Object.keys(toFields())) {
        await inParallel(hostileValues, (value) => {
          const fields = Object.entries(toFields()).map(([name_, given]) =>
            name_ === field ? `"${name_}":${value}` : `"${name_}":${JSON.stringify(given)}`,
          );
          return sendIt({ path: toPath(id), body: `{${fields.join(",")}}` });
        });
      }
      await inParallel(hostileBodies, async (body) => {
        const { status } = await sendIt({ path: toPath(id), body });
        // None of them says what a call with a body needs.
        if (takesBody === true) expect([body, status >= 400]).toEqual([body, true]);
      });
    });

    it("answers ids of every form with a refusal", async () => {
      if (!path.includes(":id")) return;
      const forms = [
        "",
        "%00",
        "..%2f..%2fetc%2fpasswd",
        "'",
        "1;drop",
        "-0",
        "+1",
        "01",
        "1e0",
        "\u{1f600}",
      ];
      for (const id of [...forms, "9".repeat(400)]) {
        const { status } = await sendIt({ path: toPath(id), body: JSON.stringify(toFields()) });
        expect([id, [400, 404, 414].includes(status)]).toEqual([id, true]);
      }
    });
  },
);

it("has met nothing that it did not know what to do with", async () => {
  expect((await fetch(`${world.backend.url}/readyz`)).status).toBe(200);
  expect(world.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
});
