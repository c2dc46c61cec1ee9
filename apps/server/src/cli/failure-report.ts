import { DomainError, toPublicMessage } from "@llm-backend/contract";
import { StorageRefusal } from "@llm-backend/storage";
import { ConfigError, configErrorExitCode } from "../config/config-error.ts";
import { WorkerRefusal } from "../workers/worker-refusal.ts";
import { CommandFailure } from "./command-failure.ts";

/** What a failed command says, and what it ends with. */
export type FailureReport = { readonly message: string; readonly exitCode: number };

/** Puts what ended a command into words: a sentence where somebody can do something about it, else all there is. */
export function toReport(error: unknown): FailureReport {
  if (error instanceof ConfigError || error instanceof StorageRefusal || error instanceof WorkerRefusal) {
    return { message: error.message, exitCode: configErrorExitCode };
  }
  if (error instanceof CommandFailure) return { message: error.message, exitCode: 1 };
  if (DomainError.is(error)) return { message: toPublicMessage(error), exitCode: 1 };
  const sentence = toListenSentence(error);
  if (sentence !== undefined) return { message: sentence, exitCode: configErrorExitCode };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: 1 };
}

/** Why an address cannot be listened on, in one sentence. */
function toListenSentence(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  const { address, port } = error as Error & { address?: string; port?: number };
  // As it stands in the configuration: a port alone is one on every address.
  const host = address === "::" || address === "0.0.0.0" ? "" : (address ?? "");
  const place = `${host.includes(":") ? `[${host}]` : host}:${port ?? ""}`;
  const sentences: Readonly<Record<string, string>> = {
    EADDRINUSE: `the address ${place} is in use; stop what listens there, or choose another with --addr`,
    EACCES: `the address ${place} may not be listened on; ports below 1024 belong to root`,
    EADDRNOTAVAIL: `the address ${place} is not one of this machine's`,
    ENOTFOUND: `the address to listen on is not known`,
  };
  return sentences[String(error.code)];
}
