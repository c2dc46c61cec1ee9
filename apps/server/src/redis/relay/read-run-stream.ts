import type { RunEvent } from "@llm-backend/contract";
import type { RelayedEntry } from "@llm-backend/server";
import { unavailable, type RedisLink } from "../redis-link.ts";
import { toStreamName } from "./run-pump.ts";

/** What is next in the stream of a run. */
export type StreamPart =
  | { readonly type: "entry"; readonly from: number; readonly entry: RelayedEntry }
  | { readonly type: "end"; readonly from: number };

/** Parts, and behind which of them to read on. */
export type StreamPage = { readonly parts: readonly StreamPart[]; readonly last: string };

const pageSize = 100;

/** Reads what is behind an id in the stream of a run; undefined while Redis is away. */
export async function readRunStream(
  link: RedisLink,
  runId: string,
  last: string,
): Promise<StreamPage | undefined> {
  const key = link.key(toStreamName(runId));
  const rows = await link.ask((client) => client.xrange(key, `(${last}`, "+", "COUNT", pageSize));
  if (rows === unavailable) return undefined;
  return { parts: rows.map(([, fields]) => toPart(fields)), last: rows.at(-1)?.[0] ?? last };
}

function toPart(fields: readonly string[]): StreamPart {
  const [name, from = "", , to = "", , item = ""] = fields;
  if (name === "end") return { type: "end", from: Number(from) };
  const entry = { item: JSON.parse(item) as RunEvent, position: Number(to) };
  return { type: "entry", from: Number(from), entry };
}
