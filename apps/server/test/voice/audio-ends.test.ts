import { chmod, mkdtemp, readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer, fail, finish, reset, role, say, stall, wait } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setStage, type OpenAiStage } from "../openai/openai-stage.ts";
import { soonest } from "../openai/soonest.ts";
import { askAudio, atOnce, toLoudness } from "./audio-stage.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage({ config: { speech: atOnce } });
});
afterAll(() => stage[Symbol.asyncDispose]());

const ask = (...given: Parameters<typeof askAudio> extends [string, ...infer Rest] ? Rest : never) =>
  askAudio(stage.backend.url, ...given);
const errorOf = (body: string) => (JSON.parse(body) as { error: Record<string, unknown> }).error;

/** The processes of synthesisers that this test's process has started. */
async function findSynthesisers(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => readFile(`/proc/${name}/${file}`, "latin1").catch(() => "");
    const [command, stat] = [await read("cmdline"), await read("stat")];
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (parent === process.pid && command.includes("synthesiser-process")) found.push(Number(name));
  }
  return found;
}

/** Writes a program that runs this script, whatever its arguments are. */
async function writeProgram(script: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "speaker-")), "speaker.cjs");
  await writeFile(path, `#!${process.execPath}\n${script}`);
  await chmod(path, 0o755);
  return path;
}

describe("what cannot be answered", () => {
  it.each([
    ["that is no stream", { stream: false }],
    ["without messages", { messages: undefined }],
    ["with none", { messages: [] }],
  ])("a call %s is refused with 400", async (_name, fields) => {
    const heard = await ask(fields);
    expect(heard.status).toBe(400);
    expect(errorOf(heard.body)).toMatchObject({ type: "invalid_request_error", message: expect.any(String) });
  });

  it("strangers are not spoken to", async () => {
    expect((await ask({}, { token: "nobody" })).status).toBe(403);
  });

  it("a refusal of the upstream's is told in its own words", async () => {
    stage.upstream.setReply(fail(400, { error: { message: "Too hot.", type: "bad", code: "hot" } }));
    const heard = await ask({ temperature: 9 });
    expect([heard.status, errorOf(heard.body)]).toEqual([
      400,
      { message: "Too hot.", type: "bad", code: "hot" },
    ]);
  });

  it("a failure before the first sound has a status", async () => {
    stage.upstream.setReply({ steps: [reset()] });
    const heard = await ask();
    expect(heard.status).toBe(502);
    expect(errorOf(heard.body)).toMatchObject({ type: "server_error", code: "upstream_unavailable" });
  });

  it("a failure afterwards is told in the stream, behind all that could be said", async () => {
    stage.upstream.setReply({ steps: [role(), say("One sentence. And half of"), wait(20), reset()] });
    const heard = await ask();
    expect([heard.status, heard.hasDone]).toEqual([200, false]);
    expect(heard.transcript).toContain("One sentence. ");
    expect(heard.chunks.at(-1)?.error?.message).toBeTypeOf("string");
    expect(
      heard.chunks.flatMap(({ choices = [] }) => choices).every((one) => one.finish_reason === null),
    ).toBe(true);
  });

  it("calls of the caller's own tools are handed back", async () => {
    const call = { index: 0, id: "call_1", type: "function", function: { name: "lamp", arguments: "{}" } };
    const chunk = { id: "c", object: "chat.completion.chunk", created: 1, model: "fake-model" };
    const choices = [{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }];
    stage.upstream.setReply({
      steps: [role(), { do: "event", data: { ...chunk, choices } }, finish({ reason: "tool_calls" })],
    });
    const tools = [{ type: "function", function: { name: "lamp", parameters: { type: "object" } } }];
    const heard = await ask({ tools });
    const deltas = heard.chunks.flatMap(({ choices: own = [] }) => own);
    expect(deltas.flatMap(({ delta }) => delta.tool_calls ?? [])).toMatchObject([{ id: "call_1" }]);
    expect([deltas.at(-1)?.finish_reason, heard.hasDone]).toEqual(["tool_calls", true]);
  });
});

describe("a caller who hangs up", () => {
  it.each([
    ["before anything is said", [role(), stall()], false],
    ["while something is heard", [role(), say("A first sentence. And more"), stall()], true],
  ] as const)("ends the upstream's work within 100 ms: %s", async (_name, steps, isHeard) => {
    stage.upstream.setReply({ steps });
    const measure = async (): Promise<number> => {
      const before = stage.upstream.calls.length;
      const caller = new AbortController();
      const heard = Promise.withResolvers<void>();
      const asked = ask({}, { signal: caller.signal, onChunk: () => heard.resolve() }).catch(() => undefined);
      await expect.poll(() => stage.upstream.calls.length, { interval: 2 }).toBeGreaterThan(before);
      if (isHeard) await heard.promise;
      const leftAt = performance.now();
      caller.abort();
      const { by, at } = (await stage.upstream.calls[before]?.closed) ?? { by: "nobody", at: Infinity };
      expect(by).toBe("client");
      await asked;
      return at - leftAt;
    };
    expect(await soonest(100, measure)).toBeLessThan(100);
  });
});

describe("a server that ends", () => {
  it("tells those who still listen, and lets nobody take the answer for whole", async () => {
    const config = { drain_seconds: 0, voice: { metadata: { region: "here" } } };
    await using own = await setStage({ config });
    own.upstream.setReply(answer("A sentence that goes on for a while. ".repeat(20)));
    const stopping = Promise.withResolvers<void>();
    const heard = await askAudio(
      own.backend.url,
      {},
      {
        onChunk: ({ choices }) => {
          if (choices?.[0]?.delta.audio?.data !== undefined) stopping.resolve(own.backend.server.stop());
        },
      },
    );
    await stopping.promise;
    expect(heard.chunks[0]).toMatchObject({
      object: "chat.completion.custom_metadata",
      metadata: { region: "here" },
    });
    expect([heard.hasDone, heard.chunks.at(-1)?.error?.code]).toEqual([false, "shutting_down"]);
  });
});

describe("the built-in synthesiser", () => {
  it(
    "runs in a process of its own, is replaced when it dies, and ends with the server",
    { skip: process.platform !== "linux", meta: { skipReason: "looks for processes in Linux's /proc" } },
    async () => {
      await using own = await setStage({ config: { speech: atOnce } });
      const others = await findSynthesisers();
      own.upstream.setReply(answer("Hello there."));
      expect((await askAudio(own.backend.url)).hasDone).toBe(true);
      const find = async () => (await findSynthesisers()).filter((pid) => !others.includes(pid));
      const [first, ...more] = await find();
      expect(more).toEqual([]);
      process.kill(first ?? 0, "SIGKILL");
      const heard = await askAudio(own.backend.url);
      expect([heard.transcript, heard.hasDone]).toEqual(["Hello there.", true]);
      expect(toLoudness(heard.samples)).toBeGreaterThan(500);
      expect(await find()).toHaveLength(1);
      await own.backend[Symbol.asyncDispose]();
      await expect.poll(find).toEqual([]);
    },
  );

  it("can be done without, and says so", async () => {
    await using silent = await setStage({ config: { speech: { builtin: { engine: "none" } } } });
    const heard = await askAudio(silent.backend.url);
    expect(heard.status).toBe(502);
    expect(errorOf(heard.body)).toMatchObject({ code: "upstream_unavailable" });
  });

  it("may be the system's own program", async () => {
    // The test's stand-in speaks with the voice of a WAV that says nothing of its length.
    const script = `
      const head = Buffer.alloc(44); head.write("RIFF"); head.write("WAVEfmt ", 8);
      head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22);
      head.writeUInt32LE(22050, 24); head.writeUInt16LE(2, 32); head.writeUInt16LE(16, 34);
      head.write("data", 36); head.writeUInt32LE(0x7ffff000, 40);
      process.stdout.write(Buffer.concat([head, Buffer.alloc(22050, 9)]));`;
    await using own = await setStage({
      config: { speech: { ...atOnce, builtin: { engine: "system", command: await writeProgram(script) } } },
    });
    own.upstream.setReply(answer("Half a second."));
    const heard = await askAudio(own.backend.url);
    expect([heard.hasDone, heard.pieces.length]).toEqual([true, 13]);
  });

  it("that is not there is told of before anything is answered", async () => {
    await using own = await setStage({
      config: { speech: { builtin: { engine: "system", command: "/nowhere/espeak-ng" } } },
    });
    own.upstream.setReply(answer("Nobody speaks."));
    expect((await askAudio(own.backend.url)).status).toBe(502);
  });
});

describe("twenty speakers at once", () => {
  it("are all heard to the end, each with his own words", async () => {
    stage.upstream.setReply((call) => {
      const { messages } = call.body as { messages: { content: string }[] };
      return answer([`You said ${messages[0]?.content}. `, "That is all."]);
    });
    const heard = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask({ messages: [{ role: "user", content: `number ${index}` }] }),
      ),
    );
    for (const [index, { transcript, hasDone, samples }] of heard.entries()) {
      expect([transcript, hasDone]).toEqual([`You said number ${index}. That is all.`, true]);
      expect(toLoudness(samples)).toBeGreaterThan(500);
    }
    expect(new Set(heard.map(({ chunks }) => chunks[0]?.choices?.[0]?.delta.audio?.id)).size).toBe(20);
  });
});
