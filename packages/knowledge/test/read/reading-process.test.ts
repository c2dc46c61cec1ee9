import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { pdfOfForms } from "../documents/hostile-documents.ts";
import { makeDocx, paragraph } from "../documents/make-docx.ts";
import { startReading, toWholeText } from "../documents/reading.ts";

const isLinux = process.platform === "linux";
const skipReason = "processes are looked at through /proc";
const neverAborted = new AbortController().signal;
const sentences = "One sentence of many. ".repeat(20_000);

/** The processes that a process has started. */
function findChildren(pid = process.pid): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return list === "" ? [] : list.split(" ").map(Number);
}

/** Whether a process runs (R), sleeps (S), or is no more. */
function findState(pid: number): string {
  try {
    return /^State:\s+(\w)/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "gone";
  } catch {
    return "gone";
  }
}

/** How long a process has worked, in hundredths of a second. */
function findWorkTicks(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[11]);
}

/** Waits until a process is gone. One that nobody has waited for counts as gone. */
async function waitForEnd(pid: number): Promise<void> {
  await vi.waitFor(
    () => {
      expect(["gone", "Z", "X"]).toContain(findState(pid));
    },
    { timeout: 15_000, interval: 20 },
  );
}

/** Starts a script that reads the document it is given, and says so when it has begun. */
function startScript(path: string, ending: "stays" | "leaves"): ChildProcess {
  const script = fileURLToPath(new URL("../documents/read-one.ts", import.meta.url));
  const flags = ["--conditions=@llm-backend/source", script, path, ending];
  return spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
}

describe("reading", () => {
  it("hands out batch after batch, and the last one may be smaller", async () => {
    await using reading = await startReading({ batchSize: 16 });
    const file = await reading.store("a.txt", sentences);
    const batches = await Array.fromAsync(reading.reader.read(file, { signal: neverAborted }));
    expect(batches.slice(0, -1).every((batch) => batch.length === 16)).toBe(true);
    const passages = batches.flat();
    expect(passages.map(({ position }) => position)).toEqual(passages.map((_passage, index) => index));
    expect(passages.at(-1)?.end).toBe(sentences.trimEnd().length);
  });

  it("has 64 passages in a batch if nothing else is said", async () => {
    await using reading = await startReading();
    const file = await reading.store("a.txt", sentences);
    for await (const batch of reading.reader.read(file, { signal: neverAborted })) {
      expect(batch).toHaveLength(64);
      break;
    }
  });

  it("goes on with another document when the last one was left in the middle", async () => {
    await using reading = await startReading({ batchSize: 1 });
    const file = await reading.store("a.txt", sentences);
    for (let round = 0; round < 3; round++) {
      for await (const [passage] of reading.reader.read(file, { signal: neverAborted })) {
        expect(passage?.position).toBe(0);
        break;
      }
    }
    expect(toWholeText(await reading.readAll("b.txt", "Whole."))).toBe("Whole.");
  });

  it("lets the documents that are too many wait for their turn", async () => {
    await using reading = await startReading({ processesMax: 1 });
    const texts = ["one", "two", "three", "four"];
    const all = texts.map(async (text) => toWholeText(await reading.readAll(`${text}.txt`, text)));
    expect(await Promise.all(all)).toEqual(texts);
  });

  it("is no fault of the document where its file is gone", async () => {
    await using reading = await startReading();
    const file = { path: "/nowhere/a.txt", name: "a.txt", kind: "text" } as const;
    const reader = reading.reader.read(file, { signal: neverAborted });
    await expect(Array.fromAsync(reader)).rejects.toMatchObject({ code: "internal" });
  });
});

describe("an abort", () => {
  it("before the start reads nothing", async () => {
    await using reading = await startReading();
    const file = await reading.store("a.txt", "text");
    const signal = AbortSignal.abort(new Error("never"));
    await expect(Array.fromAsync(reading.reader.read(file, { signal }))).rejects.toThrow("never");
  });

  it("between two batches ends the reading with its reason, and leaves the place to the next document", async () => {
    await using reading = await startReading({ batchSize: 1 });
    const stop = new AbortController();
    const file = await reading.store("a.txt", sentences);
    const iterator = reading.reader.read(file, { signal: stop.signal })[Symbol.asyncIterator]();
    await iterator.next();
    stop.abort(new Error("enough"));
    await expect(iterator.next()).rejects.toThrow("enough");
    expect(toWholeText(await reading.readAll("b.txt", "Next."))).toBe("Next.");
  });

  it("while it waits for its turn lets the others have theirs", async () => {
    await using reading = await startReading({ batchSize: 1 });
    const file = await reading.store("a.txt", sentences);
    const first = reading.reader.read(file, { signal: neverAborted })[Symbol.asyncIterator]();
    await first.next();
    const stop = new AbortController();
    const second = Array.fromAsync(reading.reader.read(file, { signal: stop.signal }));
    const third = reading.readAll("b.txt", "Third.");
    stop.abort(new Error("too long"));
    await expect(second).rejects.toThrow("too long");
    await first.return?.();
    expect(toWholeText(await third)).toBe("Third.");
  });

  it("by closing ends what is read and what waits", async () => {
    await using reading = await startReading({ batchSize: 1 });
    const busy = Array.fromAsync(
      reading.reader.read(await reading.store("a.pdf", pdfOfForms(12)), { signal: neverAborted }),
    );
    const waiting = reading.readAll("b.txt", "text");
    const ends = Promise.allSettled([busy, waiting]);
    await reading.reader.close();
    for (const end of await ends) expect(end).toMatchObject({ reason: { code: "shutting_down" } });
  });
});

describe.skipIf(!isLinux)("a reading process", { meta: { skipReason } }, () => {
  it("is started by the first document, reads the next ones as well, and ends when there are none", async () => {
    const before = new Set(findChildren());
    const own = () => findChildren().filter((pid) => !before.has(pid));
    await using reading = await startReading({ idleMs: 300 });
    expect(own()).toEqual([]);
    await reading.readAll("a.txt", "text");
    const [first] = own();
    await reading.readAll("b.txt", "text");
    expect(own()).toEqual([first]);
    await waitForEnd(first ?? 0);
    await reading.readAll("c.txt", "text");
    expect(own()).toHaveLength(1);
    await reading.reader.close();
    expect(own()).toEqual([]);
  });

  it("is not used again after a document that could not be read", async () => {
    const before = new Set(findChildren());
    const own = () => findChildren().filter((pid) => !before.has(pid));
    await using reading = await startReading();
    await reading.readAll("a.txt", "text");
    const [first = 0] = own();
    await expect(reading.readAll("a.json", "{")).rejects.toMatchObject({ code: "document_unreadable" });
    await waitForEnd(first);
    await reading.readAll("b.txt", "text");
    expect(own()).not.toContain(first);
  });

  it("does not make the next passages before somebody has taken the last ones", async () => {
    const before = new Set(findChildren());
    await using reading = await startReading({
      batchSize: 1,
      limits: { seconds: 60, memoryBytes: 2 ** 30, textCharsMax: 20_000_000 },
    });
    const file = await reading.store("a.txt", sentences.repeat(6));
    const iterator = reading.reader.read(file, { signal: neverAborted })[Symbol.asyncIterator]();
    await iterator.next();
    const pid = findChildren().find((child) => !before.has(child)) ?? 0;
    await vi.waitFor(() => expect(findState(pid)).toBe("S"));
    const ticks = findWorkTicks(pid);
    while ((await iterator.next()).done !== true);
    expect(findWorkTicks(pid)).toBeGreaterThan(ticks * 2);
  });

  it("is killed by an abort while its parser is busy", async () => {
    const before = new Set(findChildren());
    const own = () => findChildren().filter((pid) => !before.has(pid));
    await using reading = await startReading();
    const stop = new AbortController();
    const file = await reading.store("a.pdf", pdfOfForms(12));
    const busy = Array.fromAsync(reading.reader.read(file, { signal: stop.signal }));
    const pid = await vi.waitFor(() => own()[0] ?? Promise.reject(new Error("not yet")));
    stop.abort(new Error("enough"));
    await expect(busy).rejects.toThrow("enough");
    await waitForEnd(pid);
  });

  it("has nothing of the environment", async () => {
    const before = new Set(findChildren());
    vi.stubEnv("SECRET_OF_THE_SERVER", "hunter2");
    await using reading = await startReading();
    await reading.readAll("a.txt", "text");
    const pid = findChildren().find((child) => !before.has(child));
    const names = readFileSync(`/proc/${pid}/environ`, "latin1")
      .split("\0")
      .map((entry) => entry.split("=")[0]);
    expect(names.filter((name) => name !== "" && !name?.startsWith("NODE_CHANNEL"))).toEqual([]);
  });

  it.each([
    // Minutes of work without a pause.
    ["busy", "- a\n  ".repeat(1_000_000), "a.md", 80],
    ["idle", makeDocx(paragraph("text")), "a.docx", 0],
  ])("does not outlive its parent, %s", async (_state, content, name, ticks) => {
    await using reading = await startReading();
    const { path } = await reading.store(name, content);
    const script = startScript(path, "stays");
    const pid = await vi.waitFor(() => findChildren(script.pid)[0] ?? Promise.reject(new Error("not yet")), {
      timeout: 15_000,
    });
    await vi.waitFor(() => expect(findWorkTicks(pid)).toBeGreaterThanOrEqual(ticks), { timeout: 15_000 });
    script.kill("SIGKILL");
    await waitForEnd(pid);
  });

  it("does not keep its parent, which has read what it wanted and goes without a word", async () => {
    await using reading = await startReading();
    const { path } = await reading.store("a.txt", "text");
    const script = startScript(path, "leaves");
    const [code] = (await once(script, "exit")) as [number | null];
    expect(code).toBe(0);
  });
});
