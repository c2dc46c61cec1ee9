import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { getLoadablePath } from "sqlite-vec";
import { renderTable } from "../../render-table.ts";
import { median, percentile } from "../../statistics.ts";
import { getVector, makeVectors } from "./make-vectors.ts";
import { createMethods, exactName, storeVectors, type VectorMethod } from "./vector-methods.ts";

type Size = { readonly count: number; readonly dims: number };
type Series = { cpuMs: number[]; wallMs: number[]; found: number };

const counts = [10_000, 100_000];
const dimensions = [384, 1536];
const limit = 10;
const roundsDefault = 21;
const mebibyte = 1024 * 1024;

/** Prints what finding the closest vectors costs in each way, one question after the other, by turns. */
export async function runVectorsBench(
  { quick, rounds }: { readonly quick: boolean; readonly rounds?: string | undefined },
  print: (text: string) => void,
): Promise<void> {
  const times = Number(rounds ?? (quick ? 3 : roundsDefault));
  for (const count of quick ? [500] : counts) {
    for (const dims of dimensions) print(`\n${measureSize({ count, dims }, times)}\n`);
  }
}

function measureSize({ count, dims }: Size, rounds: number): string {
  const folder = mkdtempSync(join(tmpdir(), "llm-backend-vectors-"));
  const database = new DatabaseSync(join(folder, "vectors.db"), { allowExtension: true });
  try {
    database.loadExtension(getLoadablePath());
    database.exec("pragma journal_mode = wal; pragma synchronous = off");
    const vectors = makeVectors(count, dims, 2);
    storeVectors(database, vectors);
    const questions = makeVectors(rounds + 1, dims, 3);
    const methods = createMethods(database, vectors);
    const before = loadavg();
    const series = methods.map((): Series => ({ cpuMs: [], wallMs: [], found: 0 }));
    for (let round = 0; round <= rounds; round++) {
      const question = getVector(questions, round);
      const expected = new Set(methods.find(({ name }) => name === exactName)?.find(question, limit));
      for (const [index, method] of methods.entries())
        measure(method, { question, expected, round }, series[index]);
    }
    const loads = [before, loadavg()].map(([minute = 0]) => minute.toFixed(1)).join(" to ");
    return `${count} vectors of ${dims} numbers; load average ${loads}\n\n${toTable(methods, series, rounds)}`;
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Turn = {
  readonly question: Float32Array;
  readonly expected: ReadonlySet<number>;
  readonly round: number;
};

function measure(
  method: VectorMethod,
  { question, expected, round }: Turn,
  series: Series | undefined,
): void {
  if (series === undefined) return;
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const ids = method.find(question, limit);
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - startedAt;
  // The first one reads what is kept from then on.
  if (round === 0) return;
  series.cpuMs.push((user + system) / 1000);
  series.wallMs.push(wallMs);
  series.found += ids.filter((id) => expected.has(id)).length;
}

function toTable(methods: readonly VectorMethod[], series: readonly Series[], rounds: number): string {
  const rows = methods.map(({ name, keptBytes }, index) => {
    const { cpuMs = [], wallMs = [], found = 0 } = series[index] ?? {};
    return [
      name,
      median(cpuMs).toFixed(1),
      median(wallMs).toFixed(1),
      percentile(wallMs, 99).toFixed(1),
      (found / rounds / limit).toFixed(3),
      (keptBytes() / mebibyte).toFixed(0),
    ];
  });
  const head = ["method", "CPU ms", "ms", "ms, p99", `recall@${limit}`, "kept MiB"];
  return renderTable(head, rows);
}
