import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { openDataFolder } from "../../src/secrets/open-data-folder.ts";
import { createTemporaryFolder } from "../config/temporary-folder.ts";

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("the data folder", () => {
  it("is made for its owner only, with the folders above it", () => {
    const folder = join(createTemporaryFolder(), "a", "b");
    openDataFolder(folder);
    expect(modeOf(folder)).toBe("700");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is kept as it is when it is there", () => {
    const folder = join(createTemporaryFolder(), "data");
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "file"), "");
    openDataFolder(folder);
    expect(modeOf(folder)).toBe("755");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it.each([
    ["a file is in its place", (root: string) => join(root, "file"), "a file of that name is in its place"],
    ["a file is above it", (root: string) => join(root, "file", "data"), "a part of its path is a file"],
    ["its name is too long", (root: string) => join(root, "x".repeat(300)), "its name is too long"],
    ["nothing can be made there", () => "/proc/llm-backend/data", "cannot be made"],
  ])("is refused in one line when %s", (_, toFolder, reason) => {
    const root = createTemporaryFolder();
    writeFileSync(join(root, "file"), "");
    const open = () => openDataFolder(toFolder(root));
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(/^data: the folder [^\n]*$/);
    expect(open).toThrow(reason);
  });

  it(
    "is refused in one line when it cannot be written",
    { skip: !existsSync("/sys/kernel"), meta: { skipReason: "needs Linux's /sys, which refuses even root" } },
    () => {
      expect(() => openDataFolder("/sys/kernel")).toThrow(
        /^data: the folder \/sys\/kernel cannot be written: [^\n]*$/,
      );
    },
  );
});
