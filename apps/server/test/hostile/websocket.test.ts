import { once } from "node:events";
import type { ErrorShape } from "@llm-backend/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { openSocketCaller, type SocketCaller } from "../callers/socket-caller.ts";
import {
  absentIds,
  createHostileWorld,
  expectHarmless,
  hostileBodies,
  nest,
  type HostileWorld,
  type Ids,
  type Someone,
} from "./hostile-world.ts";
import { procedurePlans } from "./procedure-plans.ts";
import { findProcedure } from "./procedures.ts";

let world: HostileWorld;
let attacker: Someone;
let disabled: Someone;
let foreignIds: Ids;

beforeAll(async () => {
  world = await createHostileWorld();
  attacker = await world.addUser();
  disabled = await world.addUser();
  foreignIds = await world.addConversation((await world.addUser()).token);
  await world.backend.server.backend.services.users.disable(disabled.username);
});
afterAll(() => world[Symbol.asyncDispose]());

/** The failure that a call ends with, if it does. */
async function ask(caller: SocketCaller, path: string, input: unknown): Promise<ErrorShape | undefined> {
  const { type: kind } = findProcedure(path);
  if (kind !== "subscription") return (await caller.call(kind, path, input)).error?.json;
  for await (const item of caller.subscribe(path, input))
    return item.kind === "error" ? item.error : undefined;
  return undefined;
}

describe("a message of the WebSocket face", () => {
  const messages = [
    ...hostileBodies.map(String),
    ...nest(300_000),
    "{}",
    '{"id":1}',
    '{"id":{"a":1},"method":"query","params":{"path":"model.list"}}',
    '{"id":null,"method":"query","params":{"path":"model.list"}}',
    '{"id":1e999,"method":"query","params":{"path":"model.list"}}',
    '{"id":6,"method":"nonsense","params":{"path":"conversation.list"}}',
    '{"id":7,"method":"mutation","params":{"path":"conversation.list"}}',
    '{"id":8,"method":"query","params":{"path":"__proto__"}}',
    '{"id":9,"method":"query","params":{"path":"constructor.prototype","input":{"json":{}}}}',
    '{"id":10,"method":"query","params":5}',
    '{"id":11,"method":"query","params":{"path":["model","list"]}}',
    '{"id":12,"method":"query","params":{"path":"conversation.list","input":5}}',
    '{"id":13,"method":"query","params":{"path":"conversation.list","input":{"json":{},"meta":{"values":{"x":["symbol","x"]}}}}}',
    '{"id":14,"method":"subscription","params":{"path":"chat.follow","input":{"json":{}},"lastEventId":5}}',
    '{"id":15,"method":"subscription.stop"}',
    '{"id":16,"jsonrpc":"1.0","method":"query","params":{"path":"model.list"}}',
    `[${Array.from({ length: 11 }, (_, index) => `{"id":${100 + index},"method":"query","params":{"path":"model.list"}}`).join(",")}]`,
  ];

  it("that means nothing is answered with a documented refusal, or not at all, and the connection lives on", async () => {
    await using caller = await openSocketCaller(world.backend.url, attacker.token);
    for (const message of messages) caller.send(message);
    const alive = await caller.call("query", "auth.me");
    expect(alive.result?.data?.json).toMatchObject({ username: attacker.username });
    for (const { error } of caller.messages) {
      if (error === undefined) continue;
      expectHarmless(JSON.stringify(error));
      expect(error.json.data.httpStatus).toBeGreaterThanOrEqual(400);
      expect(error.json.data.httpStatus).toBeLessThan(500);
    }
    expect(caller.messages.filter(({ error }) => error !== undefined).length).toBeGreaterThan(
      messages.length / 2,
    );
  });

  it("in binary is refused", async () => {
    await using caller = await openSocketCaller(world.backend.url, attacker.token);
    caller.send(Buffer.from([1, 2, 3]));
    await caller.call("query", "auth.me");
    expect(caller.messages[0]?.error?.json.data.reason).toBe("invalid_input");
  });

  it("over the limit closes its connection and no other", async () => {
    await using caller = await openSocketCaller(world.backend.url, attacker.token);
    await using other = await openSocketCaller(world.backend.url, attacker.token);
    caller.send("x".repeat(2_000_001));
    expect(await caller.closed).toBe(1009);
    expect((await other.call("query", "auth.me")).error).toBeUndefined();
  });

  it.each(["5", "null", "[]", "{", '{"data":5}', '{"data":{"token":5}}'])(
    "that should bring the token, and is %s, is answered and ends the connection",
    async (message) => {
      const socket = new WebSocket(`${world.backend.url.replace("http", "ws")}/trpc?connectionParams=1`);
      const texts: string[] = [];
      socket.on("message", (data: Buffer) => texts.push(data.toString()));
      socket.on("open", () => socket.send(message));
      await once(socket, "close");
      expect(texts).toHaveLength(1);
      for (const text of texts) expectHarmless(text);
    },
  );
});

describe("every procedure over WebSocket", () => {
  it("refuses strangers, bad tokens and disabled users, unless it is for everyone", async () => {
    for (const token of [undefined, "nonsense", disabled.token]) {
      await using caller = await openSocketCaller(world.backend.url, token);
      for (const [path, { access, input }] of Object.entries(procedurePlans)) {
        if (access === "public") continue;
        expect([path, await ask(caller, path, input?.(foreignIds))]).toMatchObject([
          path,
          { data: { reason: "unauthenticated" } },
        ]);
      }
    }
  });

  it("answers foreign ids as absent ones, to the byte", async () => {
    await using caller = await openSocketCaller(world.backend.url, attacker.token);
    for (const [path, { input }] of Object.entries(procedurePlans)) {
      if (input === undefined || !/^(chat|conversation)\./.test(path)) continue;
      if (!Object.values(foreignIds).some((id) => JSON.stringify(input(foreignIds)).includes(String(id))))
        continue;
      const foreign = await ask(caller, path, input(foreignIds));
      expect([path, foreign?.data.reason]).toEqual([path, "not_found"]);
      expect(await ask(caller, path, input(absentIds))).toEqual(foreign);
    }
  });
});

it("has met nothing that it did not know what to do with", () => {
  expect(world.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
});
