import { join } from "node:path";
import { createFakeUpstream, startBackend, type TestBackend } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { makeFolder, runHere, writeConfig } from "./run-program.ts";
import { start } from "./serve-program.ts";

const placeOf = (backend: TestBackend) => [
  "--config",
  join(backend.folder, "config.yaml"),
  "--data",
  backend.dataFolder,
];

async function openBackend() {
  const upstream = await createFakeUpstream();
  const backend = await startBackend({
    upstreams: [{ name: "main", endpoint: upstream.url }],
    config: { noauth: true },
  });
  return {
    backend,
    async call(model: string): Promise<void> {
      const body = JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] });
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${backend.url}/v1/chat/completions`, { method: "POST", body, headers });
      await answer.text();
    },
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

describe("records tail", () => {
  it("prints the latest calls of a running server, oldest first, in one line each", async () => {
    await using world = await openBackend();
    for (const model of ["model-1", "model-2", "model-3"]) await world.call(model);
    const read = async (...args: string[]) =>
      (await runHere(["records", "tail", "--no-follow", ...args, ...placeOf(world.backend)])).stdout;
    await until(async () => (await read()).includes("model-3"), "the records are written");
    const lines = linesOf(await read("-n", "2"));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} {2}200 {2}chat {2}model-2 → main.* {2}.*m?s.* {2}127\.0\.0\.1 {2}req_\w+$/,
    );
    expect(lines[1]).toContain("model-3 → main");
    expect(linesOf(await read("-n", "0"))).toEqual([]);
    expect(linesOf(await read())).toHaveLength(3);
  });

  it("goes on with each call that comes, as JSON too, until it is told to stop", async () => {
    await using world = await openBackend();
    await world.call("before");
    await using tail = start(world.backend.folder, ["records", "tail", "--json", ...placeOf(world.backend)]);
    const models = () =>
      linesOf(tail.said.stdout).map((line) => (JSON.parse(line) as { model: string }).model);
    await until(() => models().includes("before"), "the earlier call is printed");
    await world.call("after");
    await until(() => models().includes("after"), "the later call is printed");
    expect(models()).toEqual(["before", "after"]);
    expect(await tail.stop("SIGINT")).toBe(0);
    expect(tail.said.stderr).toBe("");
  });

  it("ends when nobody reads any more", async () => {
    await using world = await openBackend();
    await world.call("one");
    await using tail = start(world.backend.folder, ["records", "tail", ...placeOf(world.backend)]);
    await until(() => tail.said.stdout !== "", "the earlier call is printed");
    tail.closeOutput();
    let isOver = false;
    void tail.exited.then(() => (isOver = true));
    await until(async () => {
      await world.call("more");
      return isOver;
    }, "the command ends");
    expect(await tail.exited).toBe(0);
    expect(tail.said.stderr).toBe("");
  });

  it("shows that there is nothing yet, also in a database that it makes", async () => {
    await using folder = await makeFolder();
    const file = await writeConfig(folder.path);
    const place = ["--config", file, "--data", join(folder.path, "data")];
    const { code, stdout } = await runHere(["records", "tail", "--no-follow", ...place]);
    expect([code, stdout]).toEqual([0, ""]);
  });
});
