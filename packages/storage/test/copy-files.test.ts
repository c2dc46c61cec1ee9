import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFileCopies } from "../src/attachment/copy-files.ts";

/** A file store with a file at its place, and one that has just come. */
async function setStage(elsewhere: string) {
  await using cleanup = new AsyncDisposableStack();
  const makeFolder = async (within: string) => {
    const folder = await mkdtemp(join(within, "llm-backend-copies-"));
    cleanup.defer(() => rm(folder, { recursive: true }));
    return folder;
  };
  const [from, to] = [await makeFolder(tmpdir()), join(await makeFolder(elsewhere), "files")];
  const [settled, arrived] = [
    { hash: "ab".repeat(32), fileKey: "1" },
    { hash: "cd".repeat(32), fileKey: "2" },
  ] as const;
  await mkdir(join(from, "ab"));
  await mkdir(join(from, "incoming"));
  await writeFile(join(from, "ab", `${settled.hash}.1`), "settled", { mode: 0o600 });
  await writeFile(join(from, "incoming", "2"), "arrived", { mode: 0o600 });
  const kept = cleanup.move();
  return {
    files: [settled, arrived] as const,
    lost: { hash: "ef".repeat(32), fileKey: "3" },
    copies: createFileCopies(from, to),
    toPath: ({ hash, fileKey }: { hash: string; fileKey: string }) =>
      join(to, hash.slice(0, 2), `${hash}.${fileKey}`),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const device = async (folder: string) => (await stat(folder).catch(() => undefined))?.dev;
const otherDisk = "/dev/shm";
const hasOtherDisk =
  (await device(otherDisk)) !== undefined && (await device(otherDisk)) !== (await device(tmpdir()));

describe.each([
  ["on the same disk", tmpdir(), true],
  ["on another disk", otherDisk, hasOtherDisk],
])("copies of files %s", (_, folder, isThere) => {
  it.skipIf(!isThere)(
    "are made wherever a file stands, once, and only those that are wanted stay",
    { meta: { skipReason: "there is no second disk" } },
    async () => {
      await using stage = await setStage(folder);
      const { files, copies, toPath } = stage;
      expect(await copies.add([...files, stage.lost])).toBe(1);
      expect(await copies.add(files)).toBe(0);
      const texts = await Promise.all(files.map((file) => readFile(toPath(file), "utf8")));
      expect(texts).toEqual(["settled", "arrived"]);
      expect((await stat(toPath(files[0]))).mode & 0o777).toBe(0o600);
      await copies.finish([files[1]]);
      await expect(stat(toPath(files[0]))).rejects.toThrow("ENOENT");
      expect(await readFile(toPath(files[1]), "utf8")).toBe("arrived");
    },
  );
});

it("copies of no files make no folder", async () => {
  await using stage = await setStage(tmpdir());
  expect(await stage.copies.add([])).toBe(0);
  await stage.copies.finish([]);
  await expect(stat(join(stage.toPath(stage.lost), "..", ".."))).rejects.toThrow("ENOENT");
});
