import { readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFileStore, type FilePlace, type FileStore } from "../src/attachment/file-store.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

let folder: ReturnType<typeof createTemporaryFolder>;
let files: FileStore;
beforeEach(() => {
  folder = createTemporaryFolder();
  files = createFileStore(join(folder.path, "files"));
});
afterEach(() => folder[Symbol.dispose]());

const list = (): string[] =>
  readdirSync(join(folder.path, "files"), { recursive: true, encoding: "utf8" }).filter((path) =>
    statSync(join(folder.path, "files", path)).isFile(),
  );
const arrive = async (text: string): Promise<FilePlace> => {
  await using file = await files.create();
  await file.write(Buffer.from(text));
  const { hash } = await file.seal();
  file.keep();
  return { hash, fileKey: file.key };
};
const read = async (place: FilePlace): Promise<string | undefined> => {
  const handle = await files.open(place);
  const text = await handle?.readFile("utf8");
  await handle?.close();
  return text;
};
/** Makes a file that has arrived look as if nobody had written to it for an hour. */
const age = ({ fileKey }: FilePlace) => utimesSync(join(folder.path, "files/incoming", fileKey), 1000, 1000);

describe("a file", () => {
  it("is removed with its writer, unless it is kept", async () => {
    {
      await using file = await files.create();
      await file.write(Buffer.from("half"));
    }
    expect(list()).toEqual([]);
    {
      await using file = await files.create();
      await file.seal();
    }
    expect(list()).toEqual([]);
  });

  it("can be read before it is in its place, there, and on its way out", async () => {
    const place = await arrive("text");
    expect(await read(place)).toBe("text");
    await files.settle(place);
    expect(list()).toEqual([`${place.hash.slice(0, 2)}/${place.hash}.${place.fileKey}`]);
    expect(await read(place)).toBe("text");
    await files.recall(place);
    expect(list()).toEqual([`incoming/${place.fileKey}`]);
    expect(await read(place)).toBe("text");
    await files.remove(place);
    expect(await read(place)).toBeUndefined();
  });

  it("is one of its own, also with the same bytes", async () => {
    const [one, two] = [await arrive("same"), await arrive("same")];
    expect(one.hash).toBe(two.hash);
    await files.settle(one);
    await files.settle(two);
    await files.remove(one);
    expect(await read(two)).toBe("same");
  });

  it("may be gone already, whatever is done with it", async () => {
    const nowhere = { hash: "a".repeat(64), fileKey: "none" };
    await files.settle(nowhere);
    await files.recall(nowhere);
    await files.remove(nowhere);
    expect(await read(nowhere)).toBeUndefined();
  });
});

describe("tidying", () => {
  it("takes what a crash has left over: to its place with a row, away without one", async () => {
    const [stored, lost, recent] = [await arrive("stored"), await arrive("lost"), await arrive("recent")];
    age(stored);
    age(lost);
    const rows = new Map([[stored.fileKey, stored]]);
    await files.tidy(2_000_000, (key) => Promise.resolve(rows.get(key)));
    expect(list().toSorted()).toEqual(
      [
        `${stored.hash.slice(0, 2)}/${stored.hash}.${stored.fileKey}`,
        `incoming/${recent.fileKey}`,
      ].toSorted(),
    );
    expect(await read(stored)).toBe("stored");
  });

  it("has nothing to do where there is no folder yet", async () => {
    await files.tidy(Date.now(), () => Promise.resolve(undefined));
  });
});
