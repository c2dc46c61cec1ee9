import type { ToolFailure, ToolPermission } from "@llm-backend/contract";
import type { Viewer } from "../auth/viewer.ts";

/** One tool that can be called now. */
export type ToolInfo = {
  /** As models call it: at most 64 letters, digits, `_` and `-`. */
  readonly name: string;
  /** Who brings it. */
  readonly server: string;
  readonly title: string | undefined;
  readonly description: string;
  /** What its arguments look like: a JSON schema. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** What the operator says; `ask` leaves it to the user. */
  readonly permission: ToolPermission;
};

/** What came of a call. */
export type ToolResult = {
  readonly ok: boolean;
  /** For the model: what the tool answered, or what went wrong. Holds no secret of the operator's. */
  readonly text: string;
  /** Present where the tool itself did not answer. */
  readonly failure?: Extract<ToolFailure, "timeout" | "failed" | "unknown">;
};

/** All tools of this process. Where they come from is nobody's business here. */
export type ToolBox = {
  /** The tools that there are now, by name; right after the start it waits a little for those that are on their way. */
  list(viewer: Pick<Viewer, "userId">): Promise<readonly ToolInfo[]>;
  /**
   * Calls a tool. What goes wrong with it is a result as well: rejects only after an abort, of which the tool is told.
   */
  call(
    name: string,
    args: Readonly<Record<string, unknown>>,
    options: { readonly signal: AbortSignal },
  ): Promise<ToolResult>;
};

/** What an operator can set. */
export type ToolSettings = {
  /** So often a model may be answered with results; then it has to answer itself. */
  readonly roundsMax: number;
  /** The longest result that a model is given, in characters. */
  readonly resultCharsMax: number;
  /** Calls of one answer that run at the same time. */
  readonly parallelMax: number;
  /** How long a call waits for its user. */
  readonly permissionMs: number;
};

/** What holds where an operator says nothing. */
export const defaultToolSettings: ToolSettings = {
  roundsMax: 8,
  resultCharsMax: 50_000,
  parallelMax: 4,
  permissionMs: 600_000,
};

/** For a process without tools. */
export const emptyToolBox: ToolBox = {
  list: () => Promise.resolve([]),
  call: () => Promise.resolve({ ok: false, text: "There is no such tool.", failure: "unknown" }),
};
