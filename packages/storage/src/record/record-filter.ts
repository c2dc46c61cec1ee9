import { sql, type ExpressionBuilder, type Expression, type SqlBool } from "kysely";
import type { Database } from "../database.ts";

/** Which records a page is made of; all that is said must hold. */
export type RecordFilter = {
  readonly keyId?: string | undefined;
  readonly userId?: number | undefined;
  readonly upstream?: string | undefined;
  readonly model?: string | undefined;
  /** The first digit of the status. */
  readonly statusClass?: number | undefined;
  /** Only requests that got no whole answer. */
  readonly isFailed?: boolean | undefined;
  /** The first id, and the one behind the last: ids sort by time. */
  readonly fromId?: string | undefined;
  readonly toId?: string | undefined;
};

type Builder = ExpressionBuilder<Database, "request_records">;
type Condition = (build: Builder) => Expression<SqlBool>;

/** The conditions of a filter: the one whose index leads, if any, and those that are checked on what it finds. */
export type FilterPlan = { readonly lead: Condition | undefined; readonly rest: readonly Condition[] };

type Part = { readonly lead: Condition | undefined; readonly check: Condition };

/**
 * Chooses the index that a filter is read with: the one of the part that presumably leaves the least. The other parts
 * are put such that no database takes one of their indexes instead: it would read what it cannot bound.
 */
export function planFilter(filter: RecordFilter): FilterPlan {
  const parts = [...toParts(filter)];
  const leading = parts.findIndex(({ lead }) => lead !== undefined);
  return {
    lead: parts[leading]?.lead,
    rest: parts.filter((_, index) => index !== leading).map(({ check }) => check),
  };
}

function* toParts(filter: RecordFilter): Generator<Part> {
  const { keyId, userId, statusClass, upstream, model } = filter;
  if (keyId !== undefined) yield toEquality("key_id", keyId);
  if (userId !== undefined) yield toEquality("user_id", userId);
  if (statusClass !== undefined) yield toStatusPart(statusClass);
  if (filter.isFailed === true) {
    yield {
      lead: (build) => build("error_code", "is not", null),
      check: () => sql<SqlBool>`coalesce(error_code, '') <> ''`,
    };
  }
  if (upstream !== undefined) yield toEquality("upstream", upstream);
  if (model !== undefined) yield toEquality("model", model);
}

function toEquality(column: "key_id" | "user_id" | "upstream" | "model", value: string | number): Part {
  return {
    lead: (build) => build(column, "=", value),
    check: () => sql<SqlBool>`coalesce(${sql.ref(column)}, null) = ${value}`,
  };
}

function toStatusPart(statusClass: number): Part {
  return {
    // Most requests succeed: those have no index, and need none. The bound is written out as the index has it.
    lead:
      statusClass < 4
        ? undefined
        : (build) =>
            build.and([build("status_class", "=", statusClass), build("status_class", ">=", sql.lit(4))]),
    check: () => sql<SqlBool>`coalesce(status_class, null) = ${statusClass}`,
  };
}
