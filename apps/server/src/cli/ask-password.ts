import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { DomainError } from "@llm-backend/contract";

/**
 * Gets a password without showing it: asked for on a terminal, or read from standard input. Never from an argument,
 * which every user of the machine could see.
 */
export async function askPassword(options: { readonly passwordStdin?: boolean }): Promise<string> {
  if (options.passwordStdin === true || !process.stdin.isTTY) {
    // What `echo` puts behind it is not part of it.
    return (await text(process.stdin)).replace(/\r?\n$/, "");
  }
  const first = await askHidden("Password: ");
  const second = await askHidden("Again: ");
  if (first !== second) throw new DomainError("invalid_input", "The two passwords are not the same.");
  return first;
}

async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question("");
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}
