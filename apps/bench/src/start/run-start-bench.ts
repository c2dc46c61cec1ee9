import { spawnBackend, type BackendProcess } from "@llm-backend/testing";
import { alternate } from "../alternate.ts";
import { readProcess } from "../process-figures.ts";
import { renderTable } from "../render-table.ts";
import { median } from "../statistics.ts";

/** What a start took until the server listened. */
type Figures = { readonly wallMs: number; readonly cpuMs: number; readonly residentBytes: number };

const noUpstream = "http://127.0.0.1:9/v1";

/** Compares the starts of the program, and of the compiler's files of which it is made. */
export async function runStartBench(
  options: { readonly quick: boolean; readonly rounds?: string | undefined },
  print: (text: string) => void,
): Promise<void> {
  const rounds = Number(options.rounds ?? (options.quick ? 1 : 15));
  await using cleanup = new AsyncDisposableStack();
  const start = async (program: "compiled" | "built") => {
    const place = cleanup.use(await spawnBackend({ upstreams: [noUpstream], program }));
    await place.kill("SIGTERM");
    return place;
  };
  const places = { compiled: await start("compiled"), built: await start("built") };
  const seen = await alternate(["compiled", "built"], { rounds, measure: (way) => measure(places[way]) });
  const rows = [toRow("a file for each module", seen.compiled), toRow("the program", seen.built)];
  print(
    `\nFrom the start of the process until it listens, on data that is there; medians of ${rounds} rounds\n` +
      `${renderTable(["start of", "wall ms", "CPU ms", "resident MiB"], rows)}\n`,
  );
}

async function measure(place: BackendProcess): Promise<Figures> {
  const startedAt = performance.now();
  const server = await place.restart();
  const wallMs = performance.now() - startedAt;
  const { cpuMs, residentBytes } = readProcess(server.pid);
  await server.kill("SIGKILL");
  return { wallMs, cpuMs, residentBytes };
}

function toRow(title: string, figures: readonly Figures[]): string[] {
  const middle = (pick: (one: Figures) => number) => median(figures.map(pick)).toFixed(0);
  return [
    title,
    middle(({ wallMs }) => wallMs),
    middle(({ cpuMs }) => cpuMs),
    middle(({ residentBytes }) => residentBytes / 1_048_576),
  ];
}
