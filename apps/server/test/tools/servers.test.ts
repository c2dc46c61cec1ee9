import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { until, type StageUser } from "../callers/chat-stage.ts";
import { startHttpToolServer } from "./http-tool-server.ts";
import {
  ask,
  calling,
  done,
  follow,
  listTools,
  ofType,
  program,
  programSecret,
  setToolStage,
  type ToolStage,
} from "./tool-stage.ts";

/** Calls one tool, and gives what came of it. */
async function call(stage: ToolStage, user: StageUser, [name, input]: readonly [string, unknown]) {
  const conversationId = await stage.openConversation(user);
  stage.upstream.enqueue(calling([name, input]), done);
  const { runId } = await ask(user, conversationId);
  const events = await follow(user, runId);
  expect(events.at(-1)?.type).toBe("run-done");
  return ofType(events, "tool-result")[0];
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("shows the tools of programs and of URLs, and leaves out those that the operator does", async () => {
  await using http = await startHttpToolServer({ secret: "let-me-in-123" });
  await using stage = await setToolStage({
    servers: {
      box: program({ tools: { allow: ["e*", "who.*"] } }),
      web: {
        url: http.url,
        headers: { Authorization: "Bearer let-me-in-123" },
        permission: "always",
        tools: { deny: ["die", "leak", "g*", "hang"] },
      },
      shut: { url: http.url, headers: { Authorization: "Bearer wrong-secret-456" } },
      none: { command: "/no/such/program" },
    },
  });
  const user = await stage.addUser();
  const names = (await listTools(user)).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("box__"))).toEqual([
    "box__echo",
    expect.stringMatching(/^box__who_am_i_[0-9a-f]{8}$/),
  ]);
  expect(names.filter((name) => name.startsWith("web__"))).toHaveLength(5);
  expect(names.some((name) => /^(shut|none)__/.test(name))).toBe(false);

  const conversationId = await stage.openConversation(user);
  stage.upstream.enqueue(calling(["web__echo", { text: "far" }]), done);
  const events = await follow(user, (await ask(user, conversationId)).runId);
  expect(ofType(events, "tool-result")).toMatchObject([{ ok: true, text: "echo: far" }]);
  const log = stage.backend.logLines.join("\n");
  expect(log).toContain("A tool server is gone");
  for (const secret of ["let-me-in-123", "wrong-secret-456", programSecret])
    expect(log).not.toContain(secret);
});

it("a server that dies in a call fails that call, and is started again", async () => {
  await using stage = await setToolStage({ servers: { box: program({ permission: "always" }) } });
  const user = await stage.addUser();
  await listTools(user);
  expect(await call(stage, user, ["box__die", {}])).toMatchObject({ ok: false, failure: "failed" });
  await until(async () => (await listTools(user)).length > 0, "the server is back");
  expect(await call(stage, user, ["box__echo", { text: "back" }])).toMatchObject({
    ok: true,
    text: "echo: back",
  });
});

it("a server over HTTP that was gone is found again", async () => {
  const http = await startHttpToolServer({ secret: "s3cret-word" });
  const headers = { Authorization: "Bearer s3cret-word" };
  await using stage = await setToolStage({
    servers: { web: { url: http.url, headers, permission: "always" } },
  });
  const user = await stage.addUser();
  await until(async () => (await listTools(user)).length > 0, "the server is there");
  await http[Symbol.asyncDispose]();
  expect(await call(stage, user, ["web__echo", { text: "x" }])).toMatchObject({
    ok: false,
    failure: "failed",
  });
  await using _ = await startHttpToolServer({ secret: "s3cret-word", port: http.port });
  await until(async () => (await listTools(user)).length > 0, "the server is back");
  expect(await call(stage, user, ["web__echo", { text: "y" }])).toMatchObject({ ok: true });
});

it("a tool that a server adds is there at once", async () => {
  await using stage = await setToolStage({ servers: { box: program({ permission: "always" }) } });
  const user = await stage.addUser();
  expect((await listTools(user)).map(({ name }) => name)).not.toContain("box__grown");
  await call(stage, user, ["box__grow", {}]);
  await until(
    async () => (await listTools(user)).some(({ name }) => name === "box__grown"),
    "the new tool is listed",
  );
  expect(await call(stage, user, ["box__grown", {}])).toMatchObject({ ok: true, text: "grown" });
});

it("a call that takes too long is given up, and its tool is told", async () => {
  await using stage = await setToolStage({
    servers: { box: program({ permission: "always", timeout_seconds: 0.2 }) },
  });
  const user = await stage.addUser();
  await listTools(user);
  const mark = join(stage.folder, "late");
  expect(await call(stage, user, ["box__hang", { mark }])).toMatchObject({ ok: false, failure: "timeout" });
  await until(() => existsSync(`${mark}.ended`), "the tool is told");
});

it("stopping an answer ends the call under way", async () => {
  await using stage = await setToolStage({ servers: { box: program({ permission: "always" }) } });
  const user = await stage.addUser();
  await listTools(user);
  const mark = join(stage.folder, "stopped");
  const conversationId = await stage.openConversation(user);
  stage.upstream.enqueue(calling(["box__hang", { mark }]));
  const { runId } = await ask(user, conversationId);
  const following = follow(user, runId);
  await until(() => existsSync(`${mark}.begun`), "the tool is called");
  expect(await user.trpc.mutate("chat.stop", { runId })).toMatchObject({ state: "stopped" });
  const events = await following;
  expect(events.at(-1)?.type).toBe("run-stop");
  expect(ofType(events, "tool-result")).toEqual([]);
  await until(() => existsSync(`${mark}.ended`), "the tool is told");
});

it("programs end with the server", async () => {
  let pid: number;
  {
    await using stage = await setToolStage({ servers: { box: program({ permission: "always" }) } });
    const user = await stage.addUser();
    const name = (await listTools(user)).find((tool) => tool.name.startsWith("box__who"))?.name ?? "";
    pid = Number((await call(stage, user, [name, {}]))?.text);
    expect(isRunning(pid)).toBe(true);
  }
  expect(isRunning(pid)).toBe(false);
});
