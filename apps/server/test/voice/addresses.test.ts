import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import {
  createFakeUpstream,
  createHandDrivenReply,
  finish,
  findClosedPort,
  role,
  say,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { start } from "../cli/serve-program.ts";
import { createTemporaryFolder } from "../config/temporary-folder.ts";
import { askVoice, engineWords } from "./voice-stage.ts";

const token = "token-of-the-caller-4b1d7e";
const startMs = 30_000;

/** Starts the program with these addresses, and gives their URLs once it listens. */
async function serveAt(addresses: readonly string[], given: { upstream: string; workers?: number }) {
  const folder = createTemporaryFolder();
  const config = {
    addresses,
    workers: given.workers ?? 1,
    authorization: token,
    upstreams: [{ endpoint: given.upstream, key: "sk-x" }],
    gateway: { discover: false },
    drain_seconds: 5,
  };
  await writeFile(join(folder, "config.yaml"), JSON.stringify(config));
  const program = start(folder, ["--data", join(folder, "data")]);
  const isUp = () => program.said.stdout.includes("Listening on");
  await Promise.race([until(isUp, "it listens", startMs).catch(() => undefined), program.exited]);
  return program;
}

const listChildren = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);

const ask = (port: number) =>
  askVoice(`http://127.0.0.1:${port}`, "/chat/completions", { fields: engineWords });

describe.each([1, 2])("a server with several addresses and %i process(es)", (workers) => {
  it("answers on all of them, lets answers go on when it is told to stop, and then listens nowhere", async () => {
    await using upstream = await createFakeUpstream();
    const ports = await Promise.all([findClosedPort(), findClosedPort(), findClosedPort()]);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    await using program = await serveAt(addresses, { upstream: upstream.url, workers });
    const first = program.said.stdout.split("\n").find((line) => line.includes("Listening on"));
    for (const address of addresses) expect(first).toContain(address);
    const heard = await Promise.all(ports.map(ask));
    expect(heard.map(({ text }) => text)).toEqual(ports.map(() => "Hello world"));
    if (workers > 1) {
      const before = listChildren(program.pid);
      program.tell("SIGHUP");
      const isReplaced = () => {
        const now = listChildren(program.pid);
        return now.length === workers && !now.some((pid) => before.includes(pid));
      };
      await until(isReplaced, "new workers serve", startMs);
      expect((await Promise.all(ports.map(ask))).map(({ dones }) => dones)).toEqual([1, 1, 1]);
    }
    const count = upstream.calls.length;

    const hand = createHandDrivenReply();
    upstream.enqueue(hand.reply);
    hand.push(role(), say("Slow"));
    const last = ask(ports[2]);
    await until(() => upstream.calls.length > count, "the last question is asked");
    const stopped = program.stop("SIGTERM");
    hand.push(say(" and whole"), finish());
    hand.end();
    expect([(await last).text, (await last).dones]).toEqual(["Slow and whole", 1]);
    expect(await stopped).toBe(0);
    for (const port of ports) await expect(ask(port)).rejects.toThrow("fetch failed");
  }, 60_000);

  it("does not start where one of them cannot be had, and says which", async () => {
    await using upstream = await createFakeUpstream();
    const taken = createServer();
    await new Promise<void>((resolve) => {
      taken.listen(0, "127.0.0.1", resolve);
    });
    const { port } = taken.address() as { port: number };
    const free = await findClosedPort();
    await using program = await serveAt([`127.0.0.1:${free}`, `127.0.0.1:${port}`], {
      upstream: upstream.url,
      workers,
    });
    expect(await program.exited).toBe(78);
    expect(program.said.stderr).toContain(`the address 127.0.0.1:${port} is in use`);
    expect(program.said.stderr.trim().split("\n")).toHaveLength(1);
    taken.close();
  }, 60_000);
});
