import {
  DomainError,
  type ListUsageInput,
  type ToolUsage,
  type ToolUsageInput,
  type UsageGroup,
  type UsagePage,
  type UsageRow,
  type UsageSummaryInput,
  type UsageSums,
} from "@llm-backend/contract";
import type { LedgerFilter, LedgerSums, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { LedgerService } from "./ledger-service.ts";

/** What was used. */
export type UsageService = ReturnType<typeof createUsageService>;

/** A sum reads every line of its time: more of them would hold up everything else. */
const daysMax = 366;
const dayMs = 86_400_000;

/** Creates the service. Users see what they used themselves, administrators what anybody did. */
export function createUsageService(deps: { storage: Storage; ledger: LedgerService }) {
  const { storage, ledger } = deps;

  return {
    /** @throws DomainError `forbidden` for the usage of others; `invalid_input` for more than a year. */
    async summarize(viewer: Viewer, input: UsageSummaryInput): Promise<UsageSums> {
      const filter = toFilter(viewer, input);
      await ledger.flush();
      return storage.ledger.sum(filter);
    },

    /**
     * Sums by day, model, key, user or upstream, in pages.
     *
     * @throws DomainError `forbidden` for the usage of others; `invalid_input` for more than a year, or a cursor that
     * is none.
     */
    async list(viewer: Viewer, input: ListUsageInput): Promise<UsagePage> {
      const filter = toFilter(viewer, input);
      const after = input.cursor === undefined ? undefined : readCursor(input.by, input.cursor);
      await ledger.flush();
      const found = await storage.ledger.sumBy(input.by, filter, { after, limit: input.limit + 1 });
      const page = found.slice(0, input.limit);
      const names = input.by === "key" ? await listNames(page) : undefined;
      const last = page.at(-1);
      return {
        rows: page.map((sums) => toRow(input.by, sums, names)),
        nextCursor: found.length > input.limit && last !== undefined ? toCursor(last.group) : null,
      };
    },

    /** @throws DomainError as `summarize`. */
    async listTools(viewer: Viewer, input: ToolUsageInput): Promise<ToolUsage[]> {
      return storage.tools.sumCalls(toSpan(viewer, input));
    },
  };

  function listNames(page: readonly LedgerSums[]): Promise<Map<string, string>> {
    return storage.keys.listNames(page.flatMap(({ group }) => (typeof group === "string" ? group : [])));
  }
}

function toFilter(viewer: Viewer, input: UsageSummaryInput): LedgerFilter {
  const { keyId, model, upstream } = input;
  return { ...toSpan(viewer, input), keyId, model, upstream };
}

function toSpan(viewer: Viewer, input: Pick<UsageSummaryInput, "from" | "to" | "owner">) {
  const [from, to] = [input.from.getTime(), input.to.getTime()];
  if (to - from > daysMax * dayMs) {
    throw new DomainError("invalid_input", `Usage is summed up over ${daysMax} days at most.`);
  }
  return { from, to, userId: toOwner(viewer, input.owner) };
}

function toOwner(viewer: Viewer, owner: UsageSummaryInput["owner"]): number | undefined {
  if (owner === "me" || owner === viewer.userId) return viewer.userId;
  if (viewer.role !== "admin")
    throw new DomainError("forbidden", "Only administrators see what others used.");
  return owner === "all" ? undefined : owner;
}

// The groups of requests that have no key, no user or no upstream are the first, and have no name to go on behind.
const toCursor = (group: LedgerSums["group"]): string => (group === null ? "-" : `=${group}`);

function readCursor(by: UsageGroup, cursor: string): string | number {
  const isNumber = by === "day" || by === "user";
  const value = cursor === "-" ? "" : cursor.slice(1);
  const number = Number(value);
  if ((cursor !== "-" && !cursor.startsWith("=")) || (isNumber && !Number.isSafeInteger(number))) {
    throw new DomainError("invalid_input", "cursor: is none of this list.");
  }
  return isNumber ? number : value;
}

function toRow(by: UsageGroup, sums: LedgerSums, names: Map<string, string> | undefined): UsageRow {
  const { group, ...rest } = sums;
  if (group === null) return { group, ...rest };
  if (by === "day") return { group: new Date(group).toISOString().slice(0, 10), ...rest };
  const name = names?.get(String(group));
  return { group: String(group), ...rest, ...(name === undefined ? {} : { name }) };
}
