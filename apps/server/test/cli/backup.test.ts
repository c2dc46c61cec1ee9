import { copyFile, mkdir, readdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startBackend } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { listFiles, upload } from "../attachments/attachment-stage.ts";
import { createRestCaller, registerUser, type RestCaller } from "../callers/rest-caller.ts";
import { makeFolder, run } from "./run-program.ts";

const listAll = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .toSorted();

const download = (user: RestCaller, id: string) =>
  user.request("GET", `/api/attachments/${id}`).then((answer) => answer.text());

it("a backup has the files that its database names, and no others, and a server starts on both", async () => {
  await using folder = await makeFolder();
  const target = join(folder.path, "today.db");
  const restored = join(folder.path, "next", "data");
  let kept = { attachment_id: "", sha256: "" };
  let token = "";
  {
    await using backend = await startBackend();
    const user = await registerUser(backend.url);
    token = user.token ?? "";
    kept = await upload(user, "to be kept", "kept.txt");
    // What a crash leaves over.
    const store = join(backend.dataFolder, "files");
    const strayKey = "0123456789abcdef01234567";
    await writeFile(join(store, "incoming", strayKey), "half of a file");
    await writeFile(join(store, kept.sha256.slice(0, 2), `${kept.sha256}.${strayKey}`), "of an earlier row");

    const { code, stdout, stderr } = await run(["backup", target, "--data", backend.dataFolder], {
      folder: folder.path,
      config: {},
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("1 file");
    const names = await listAll(`${target}.files`);
    expect(names).toEqual([expect.stringMatching(`^${kept.sha256}\\.(?!${strayKey})`)]);
    expect((await stat(`${target}.files`)).mode & 0o777).toBe(0o700);
    expect(listFiles(backend.dataFolder).settled).toHaveLength(2);
    expect(await readdir(folder.path)).toEqual(["config.yaml", "today.db", "today.db.files"]);

    const again = await run(["backup", target, "--data", backend.dataFolder], { folder: folder.path });
    expect([again.code, again.stderr.includes("exists already")]).toEqual([78, true]);
    await mkdir(restored, { recursive: true, mode: 0o700 });
    for (const secret of ["master.key", "jwt.secret"])
      await copyFile(join(backend.dataFolder, secret), join(restored, secret));
  }
  await rename(target, join(restored, "llm-backend.db"));
  await rename(`${target}.files`, join(restored, "files"));
  await using next = await startBackend({ folder: join(folder.path, "next") });
  expect(await download(createRestCaller(next.url, token), kept.attachment_id)).toBe("to be kept");
});

it("a backup tells of files that are lost, and is made all the same", async () => {
  await using folder = await makeFolder();
  await using backend = await startBackend();
  const user = await registerUser(backend.url);
  await upload(user, "here", "here.txt");
  const lost = await upload(user, "lost", "lost.txt");
  const path = listFiles(backend.dataFolder).settled.find((name) => name.includes(lost.sha256)) ?? "";
  await rename(join(backend.dataFolder, "files", path), join(folder.path, "away"));
  const target = join(folder.path, "today.db");
  const made = await run(["backup", target, "--data", backend.dataFolder], {
    folder: folder.path,
    config: {},
  });
  expect([made.code, made.stdout.includes("1 file"), made.stderr]).toEqual([
    0,
    true,
    expect.stringContaining("1 file is lost"),
  ]);
  expect(await listAll(`${target}.files`)).toHaveLength(1);
});
