import { dirname, join } from "node:path";
import { isForeignSqlite } from "@llm-backend/storage";

const flag = "--database=";

/** A call of ours, and what its caller should know of it. */
export type PlacedCall = { readonly args: readonly string[]; readonly notice?: string };

/**
 * Leads a call in the earlier gateway's manner past the earlier gateway's own database: that file stays as it is, and
 * this server's data goes into a folder beside it, as with `dbaddr` in a configuration.
 */
export function placeBesideEarlierDatabase(args: readonly string[]): PlacedCall {
  const path = args.find((word) => word.startsWith(flag))?.slice(flag.length);
  if (path === undefined || path === "" || !isForeignSqlite(path)) return { args };
  const data = join(dirname(path), "data");
  const rest = args.filter((word) => !word.startsWith(flag));
  const hasData = rest.some((word) => word.startsWith("--data"));
  return {
    args: hasData ? rest : [...rest, `--data=${data}`],
    notice: `${path} belongs to the earlier gateway and stays as it is; this server's data is in ${data}`,
  };
}
