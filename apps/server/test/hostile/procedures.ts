import { appRouter, type ProcedureMeta } from "@llm-backend/server";

/** What is known of a procedure without calling it. */
export type Procedure = {
  readonly path: string;
  readonly type: "query" | "mutation" | "subscription";
  readonly access: ProcedureMeta["access"] | undefined;
};

type Definition = { readonly _def: { readonly type: Procedure["type"]; readonly meta?: ProcedureMeta } };

// oxlint-disable-next-line no-underscore-dangle -- how tRPC names it
const definitions = appRouter._def.procedures as unknown as Record<string, Definition>;

/** Every procedure that there is. */
export const procedures: readonly Procedure[] = Object.entries(definitions).map(([path, { _def }]) => ({
  path,
  type: _def.type,
  access: _def.meta?.access,
}));

/** @throws Error when there is none of that name. */
export function findProcedure(path: string): Procedure {
  const procedure = procedures.find((other) => other.path === path);
  if (procedure === undefined) throw new Error(`There is no procedure ${path}.`);
  return procedure;
}
