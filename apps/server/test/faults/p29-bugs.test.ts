import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finish, role, say, wait } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { makeFolder } from "../cli/run-program.ts";
import { callProcedure, toBody } from "../hostile/call-procedure.ts";
import { createHostileWorld, type HostileWorld, type Ids, type Someone } from "../hostile/hostile-world.ts";
import { procedurePlans } from "../hostile/procedure-plans.ts";
import { procedures } from "../hostile/procedures.ts";
import { hostTestMs, setHostStage } from "./host-stage.ts";
import { judgeEnding } from "./oracle.ts";
import { callerToken, askV1 } from "./v1-caller.ts";

const secret = "a secret of the bug";

type Method = (...given: unknown[]) => unknown;
type Service = Record<string, unknown>;

/** What a bug does, wherever it is. */
const bugs: readonly (readonly [string, Method, { readonly failuresMin: number }])[] = [
  [
    "throws",
    () => {
      throw new TypeError(secret);
    },
    { failuresMin: 10 },
  ],
  ["rejects", () => Promise.reject(new Error(secret)), { failuresMin: 10 }],
  ["answers nothing", () => undefined, { failuresMin: 0 }],
];
const [, throws] = bugs[0] ?? [];

describe("P29: there is a bug in a service", () => {
  let world: HostileWorld;
  let someone: Someone;
  let ids: Ids;
  beforeAll(async () => {
    world = await createHostileWorld();
    someone = await world.addUser();
    ids = await world.addConversation(someone.token);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Puts a bug into everything that services do but finding out who asks, until it is disposed. */
  function putIn(bug: Method): Disposable {
    const services = world.backend.server.backend.services as unknown as Record<string, Service>;
    const undo: (() => void)[] = [];
    for (const [name, service] of Object.entries(services)) {
      if (name === "sessions" || name === "forward") continue;
      for (const [method, original] of Object.entries(service)) {
        if (typeof original !== "function" || method === "authenticate") continue;
        // Nobody waits for a promise where there never was one.
        const isAsync = original.constructor.name === "AsyncFunction";
        service[method] = isAsync ? bug : throws;
        undo.push(() => (service[method] = original));
      }
    }
    expect(undo.length).toBeGreaterThan(50);
    return { [Symbol.dispose]: () => undo.map((back) => back()) };
  }

  it.each(bugs)(
    "P29: every procedure of which it %s answers in the words of the contract",
    async (_what, bug, { failuresMin }) => {
      using _ = putIn(bug);
      let failures = 0;
      for (const { path } of procedures) {
        const plan = procedurePlans[path];
        if (plan === undefined || plan.endsSession === true || plan.access === "admin") continue;
        const body = toBody(plan.input?.(ids));
        const answer = await callProcedure(`${world.backend.url}/trpc/${path}`, body, someone.token);
        const text = await answer.text();
        expect(text, path).not.toMatch(/a secret of the bug|TypeError|\n\s+at |\.ts:\d/);
        if (answer.status === 500 || text.includes('"internal"')) failures++;
        expect([200, 400, 401, 403, 404, 409, 500], path).toContain(answer.status);
      }
      expect(failures).toBeGreaterThan(failuresMin);
      expect((await fetch(`${world.backend.url}/healthz`)).status).toBe(200);
    },
  );

  it("P29: a call of /v1 answers with 500 and nothing of the reason", async () => {
    const { forward } = world.backend.server.backend.services as unknown as { forward: Service };
    const original = forward["authenticate"];
    forward["authenticate"] = () => Promise.reject(new TypeError(secret));
    const heard = await askV1(world.backend.url);
    forward["authenticate"] = original;
    expect([heard.status, heard.body.includes('"Internal error"')]).toEqual([500, true]);
    expect(heard.body).not.toContain(secret);
  });

  it("P29: a value that cannot be logged costs its line, and nobody else notices", async () => {
    const services = world.backend.server.backend.services as unknown as { conversations: Service };
    const original = services.conversations["list"];
    const bad = Object.defineProperty(new Error("bad"), "code", {
      enumerable: true,
      get() {
        throw new Error(secret);
      },
    });
    services.conversations["list"] = () => Promise.reject(bad);
    const answer = await callProcedure(
      `${world.backend.url}/trpc/conversation.list`,
      toBody({}),
      someone.token,
    );
    services.conversations["list"] = original;
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain(secret);
    expect((await fetch(`${world.backend.url}/healthz`)).status).toBe(200);
  });
});

/** Bugs of the process: what nobody catches. */
const uncaught: readonly (readonly [string, string])[] = [
  ["a callback", `setTimeout(() => { throw new Error("a bug in a callback"); }, 1)`],
  ["a promise", `void Promise.reject(new Error("a bug in a promise"))`],
];

describe("P29: there is a bug that nobody catches", () => {
  it.each(uncaught)(
    "P29: in %s: answers under way come to their end, then the process ends with 1 and says why",
    async (what, bug) => {
      await using folder = await makeFolder();
      const preload = join(folder.path, "bug.mjs");
      await writeFile(preload, `process.on("SIGUSR2", () => { ${bug}; });`);
      await using stage = await setHostStage({
        env: { NODE_OPTIONS: `--import=${preload}` },
        reply: { steps: [role(), say("Half"), wait("rest"), say(" and half"), finish()] },
      });
      expect(await stage.keep("before")).toBe(200);
      const underWay = stage.ask();
      await until(() => stage.upstream.calls.length === 1, "a stream is under way");
      process.kill(stage.backend.pid, "SIGUSR2");
      await until(() => stage.logged("A failure that nobody has caught").length > 0, "the log has it");
      expect(stage.logged("A failure that nobody has caught")[0]).toContain(`a bug in ${what}`);
      stage.upstream.open("rest");
      const heard = await underWay;
      expect([judgeEnding(heard, [callerToken]), heard.text]).toEqual(["whole", "Half and half"]);
      expect(await stage.backend.exited).toBe(1);
      await stage.killAndRestart();
      expect(await stage.kept()).toEqual(["before"]);
    },
    hostTestMs,
  );
});
