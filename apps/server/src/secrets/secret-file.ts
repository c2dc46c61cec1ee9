import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "../config/config-error.ts";
import { toFileCode, toFileReason } from "../config/file-reason.ts";

/** The content of a secret's file. */
export type SecretFile = {
  readonly content: string;
  /** Whether this call made the file. */
  readonly isNew: boolean;
};

/**
 * Reads a secret's file, or makes it with a new secret, readable for its owner only.
 * Of several processes that start at the same time one makes the file, and all get its content.
 *
 * @throws ConfigError with one sentence when the file can be neither read nor made.
 */
export function readOrCreateSecretFile(file: string, makeSecret: () => string): SecretFile {
  try {
    const existing = readIfThere(file);
    if (existing !== undefined) return { content: existing, isNew: false };
    const secret = makeSecret();
    const isNew = createFile(file, secret);
    return { content: isNew ? secret : readFileSync(file, "utf8"), isNew };
  } catch (error) {
    throw new ConfigError([{ path: file, message: `cannot be read or made: ${toFileReason(error)}` }]);
  }
}

/** Whether others than its owner may read a file; undefined where the system does not say. */
export function findWideMode(file: string): string | undefined {
  const mode = statSync(file).mode & 0o777;
  return process.platform === "win32" || (mode & 0o077) === 0 ? undefined : mode.toString(8).padStart(4, "0");
}

/** Takes a file's rights away from everyone but its owner. */
export function restrictFile(file: string): void {
  chmodSync(file, 0o600);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (toFileCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whoever sees the file sees all of it: it gets its name when it is whole, and only one file can get that name. */
function createFile(file: string, content: string): boolean {
  const draft = `${file}.${randomUUID()}.new`;
  writeDurably(draft, content);
  try {
    linkSync(draft, file);
    syncFolder(dirname(file));
    return true;
  } catch (error) {
    const code = toFileCode(error);
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "ENOSYS") throw error;
    return createWithoutLinks(file, content);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** For file systems that know no hard links. */
function createWithoutLinks(file: string, content: string): boolean {
  try {
    writeDurably(file, content);
    return true;
  } catch (error) {
    if (toFileCode(error) === "EEXIST") return false;
    throw error;
  }
}

function writeDurably(file: string, content: string): void {
  const fd = openSync(file, "wx", 0o600);
  try {
    writeSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
