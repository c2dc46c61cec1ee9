import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { RestCaller } from "../callers/rest-caller.ts";

/** A file as the REST face answers. */
export type Uploaded = {
  readonly attachment_id: string;
  readonly name: string;
  readonly media_type: string;
  readonly bytes: number;
  readonly sha256: string;
};

/** Sends a file, whatever becomes of it. */
export const tryUpload = (
  caller: Pick<RestCaller, "request">,
  body: string | Uint8Array,
  name: string | undefined = "file",
): Promise<Response> =>
  caller.request("POST", "/api/attachments", {
    body,
    headers: { "x-file-name": encodeURIComponent(name) },
  });

/** Sends a file that is taken. */
export async function upload(
  caller: Pick<RestCaller, "request">,
  body: string | Uint8Array,
  name?: string,
): Promise<Uploaded> {
  const answer = await tryUpload(caller, body, name);
  if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Uploaded;
}

/** The files on the disk: those that arrive, and those that are in their places. */
export function listFiles(dataFolder: string): { incoming: string[]; settled: string[] } {
  const folder = join(dataFolder, "files");
  const found = readdirIfThere(folder, true);
  const incoming = readdirIfThere(join(folder, "incoming"), false);
  return { incoming, settled: found.filter((path) => /^[0-9a-f]{2}\/[0-9a-f]{64}\./.test(path)) };
}

function readdirIfThere(folder: string, recursive: boolean): string[] {
  try {
    return readdirSync(folder, { recursive, encoding: "utf8" });
  } catch {
    return [];
  }
}
