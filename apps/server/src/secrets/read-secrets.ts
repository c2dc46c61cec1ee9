import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, type ConfigNotice } from "../config/config-error.ts";
import { toFileReason } from "../config/file-reason.ts";
import { masterKeyBytes, readMasterKey } from "../config/master-key.ts";
import { findSecretWeakness } from "../config/secret-strength.ts";
import type { Config } from "../config/to-config.ts";
import { findWideMode, readOrCreateSecretFile, restrictFile } from "./secret-file.ts";

/** The secrets of the process. */
export type Secrets = {
  /** Signs access tokens, as the UTF-8 bytes of this text. */
  readonly jwtSecret: string;
  /** Seals the providers' keys: 32 bytes. */
  readonly masterKey: Uint8Array;
  readonly notices: readonly ConfigNotice[];
};

/** What of the configuration the secrets depend on. */
export type SecretSources = Pick<Config, "data" | "database" | "jwt" | "master_key" | "master_key_file">;

/**
 * Takes the secrets from the configuration or from their files in the data folder; makes what is not there yet.
 * The data folder has to exist.
 *
 * @throws ConfigError when a file cannot be used.
 */
export function readSecrets(sources: SecretSources): Secrets {
  const notices: ConfigNotice[] = [];
  return {
    jwtSecret: sources.jwt.secret ?? readJwtSecret(join(sources.data, "jwt.secret"), notices),
    masterKey: readKey(sources, notices),
    notices,
  };
}

function readJwtSecret(file: string, notices: ConfigNotice[]): string {
  const secret = readOwnFile(file, () => randomBytes(48).toString("base64url"), notices).content.trim();
  const weakness = findSecretWeakness(secret);
  if (weakness === undefined) return secret;
  throw toUnusable(
    file,
    `${weakness}; put a copy back, or remove the file: a new secret is made, and everyone logs in again`,
  );
}

function readKey(sources: SecretSources, notices: ConfigNotice[]): Uint8Array {
  if (sources.master_key !== undefined) return sources.master_key;
  if (sources.master_key_file !== undefined) return readConfiguredKey(sources.master_key_file, notices);
  const file = join(sources.data, "master.key");
  const hadDatabase = existsSync(sources.database);
  const { content, isNew } = readOwnFile(file, () => randomBytes(masterKeyBytes).toString("base64"), notices);
  if (isNew && hadDatabase) {
    const message =
      "was not there, and a new one was made; keys of providers that an earlier one sealed cannot be opened";
    notices.push({ path: file, message, level: "warn" });
  }
  const { key } = readMasterKey(content);
  if (key !== undefined) return key;
  throw toUnusable(
    file,
    "is no master key; put a copy back, or remove the file: a new key is made, and stored keys are lost",
  );
}

/** A file of the operator's, perhaps mounted read-only: its rights are theirs to change. */
function readConfiguredKey(file: string, notices: ConfigNotice[]): Uint8Array {
  const { key, problem } = readMasterKey(readConfiguredFile(file));
  if (key === undefined) throw toUnusable("master_key_file", `${file} ${problem}`);
  const mode = findWideMode(file);
  if (mode !== undefined) {
    notices.push({
      path: "master_key_file",
      message: `${file} can be read by others (mode ${mode})`,
      level: "warn",
    });
  }
  return key;
}

function readConfiguredFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw toUnusable("master_key_file", `${file} cannot be read: ${toFileReason(error)}`);
  }
}

function readOwnFile(file: string, makeSecret: () => string, notices: ConfigNotice[]) {
  const secretFile = readOrCreateSecretFile(file, () => `${makeSecret()}\n`);
  const mode = findWideMode(file);
  if (mode === undefined) return secretFile;
  try {
    restrictFile(file);
  } catch (error) {
    throw toUnusable(
      file,
      `can be read by others (mode ${mode}), and that cannot be changed: ${toFileReason(error)}`,
    );
  }
  notices.push({
    path: file,
    message: `could be read by others (mode ${mode}); now only its owner can`,
    level: "warn",
  });
  return secretFile;
}

function toUnusable(path: string, message: string): ConfigError {
  return new ConfigError([{ path, message }]);
}
