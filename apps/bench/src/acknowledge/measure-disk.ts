import { fdatasync, type PathLike } from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { median, percentile } from "../statistics.ts";

const tries = 100;
const page = Buffer.alloc(4096, 1);

/** How long a disk takes to be sure of one page, in a few words. */
export async function measureDisk(path: PathLike): Promise<string> {
  await using file = await open(path, "w");
  const micros: number[] = [];
  for (let index = 0; index < tries; index++) {
    await file.write(page, 0, page.length, index * page.length);
    const startedAt = performance.now();
    await promisify(fdatasync)(file.fd);
    micros.push((performance.now() - startedAt) * 1000);
  }
  const [p50, p99] = [median(micros), percentile(micros, 99)].map((value) => Math.round(value));
  return `an fdatasync of a page takes ${p50} µs p50, ${p99} µs p99`;
}
