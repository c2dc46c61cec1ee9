import { appRouter, type ProcedureMeta } from "@llm-backend/app-server";

/** What a procedure takes, and from whom. */
export type ListedProcedure = {
  readonly path: string;
  readonly type: "query" | "mutation" | "subscription";
  readonly access: ProcedureMeta["access"] | undefined;
  /** The JSON schema of its input; undefined where it takes none. */
  readonly input: Readonly<Record<string, unknown>> | undefined;
};

type InputSchema = {
  toJSONSchema(options: { readonly io: "input"; readonly unrepresentable: "any" }): Record<string, unknown>;
};
type Definition = {
  readonly _def: {
    readonly type: ListedProcedure["type"];
    readonly meta?: ProcedureMeta;
    readonly inputs: readonly unknown[];
  };
};

/** Every procedure of the typed face, as its contract describes it. */
export function listProcedures(): ListedProcedure[] {
  // oxlint-disable-next-line no-underscore-dangle -- how tRPC names it
  const definitions = appRouter._def.procedures as unknown as Record<string, Definition>;
  return Object.entries(definitions).map(([path, { _def }]) => ({
    path,
    type: _def.type,
    access: _def.meta?.access,
    input: (_def.inputs[0] as InputSchema | undefined)?.toJSONSchema({ io: "input", unrepresentable: "any" }),
  }));
}
