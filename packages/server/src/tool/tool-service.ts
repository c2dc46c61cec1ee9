import {
  DomainError,
  type AllowToolInput,
  type RememberedTool,
  type SetToolPermissionInput,
  type StartedRun,
  type ToolView,
} from "@llm-backend/contract";
import type { Run, Storage, ToolGrant } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { RunRegistry } from "../chat/run-registry.ts";
import { toStartedRun } from "../chat/started-run.ts";
import { OwnerLost, type RunRelay } from "../relay/run-relay.ts";
import { toEffectivePermission } from "./effective-permission.ts";
import type { ToolAsks } from "./tool-asks.ts";
import type { ToolBox, ToolInfo } from "./tool-box.ts";
import { readStoredToolEvents } from "./tool-events.ts";

/** What the service stands on. */
export type ToolServiceDeps = {
  readonly box: ToolBox;
  readonly asks: ToolAsks;
  readonly storage: Storage;
  readonly registry: Pick<RunRegistry, "find">;
  readonly now: () => number;
  /** Names this process as the owner of its runs. */
  readonly owner: string;
  readonly relay: Pick<RunRelay, "start"> | undefined;
};

/** Tools, and who allows them. */
export type ToolService = ReturnType<typeof createToolService>;

/** Under this name the word to a call goes to the process where it waits. */
export const allowToolKind = "allowTool";

/** Creates the service. */
export function createToolService(deps: ToolServiceDeps) {
  const { box, asks, storage, registry } = deps;

  const get = async (viewer: Viewer, runId: string): Promise<Run> => {
    const run = await storage.runs.find(runId, viewer.userId);
    if (run === undefined) throw new DomainError("not_found", "There is no such answer.");
    return run;
  };

  async function remember(viewer: Viewer, tool: string, { decision }: AllowToolInput): Promise<void> {
    if (decision === "once" || decision === "decline") return;
    await storage.transaction((tx) =>
      tx.tools.grant(viewer.userId, { tool, permission: decision }, deps.now()),
    );
  }

  /** The word to a call of a run that this process drives. Remembered first: the next call must not ask again. */
  async function allowHere(viewer: Viewer, input: AllowToolInput): Promise<StartedRun> {
    const run = await get(viewer, input.runId);
    const live = registry.find(run.id);
    if (live === undefined) return allowEnded(viewer, { run, input });
    await remember(viewer, asks.get(input).tool, input);
    asks.decide(input);
    return toStartedRun(run);
  }

  /** A word that comes too late for its call, or once more. What is to hold from now on holds. */
  async function allowEnded(
    viewer: Viewer,
    { run, input }: { run: Run; input: AllowToolInput },
  ): Promise<StartedRun> {
    const call = readStoredToolEvents(run.log).find(
      (event) => event.type === "tool-call" && event.callId === input.callId,
    );
    if (call?.type !== "tool-call") throw toNotWaiting();
    await remember(viewer, call.name, input);
    return toStartedRun(run);
  }

  return {
    /** The tools that there are now, with what holds for the viewer. */
    async list(viewer: Viewer): Promise<ToolView[]> {
      const [tools, grants] = await Promise.all([box.list(viewer), storage.tools.listGrants(viewer.userId)]);
      return tools.map((tool) => toView(tool, grants));
    },

    /** What the viewer has decided once and for all, also about tools that are not there now. */
    async listRemembered(viewer: Viewer): Promise<RememberedTool[]> {
      const grants = await storage.tools.listGrants(viewer.userId);
      return grants.map(({ tool, permission }) => ({ name: tool, permission }));
    },

    /** Decides about a tool from now on, or forgets what was decided. The operator's word is stronger. */
    async setPermission(viewer: Viewer, input: SetToolPermissionInput): Promise<RememberedTool> {
      const { name, permission } = input;
      const { userId } = viewer;
      await storage.transaction((tx) =>
        permission === "ask"
          ? tx.tools.forget(userId, name)
          : tx.tools.grant(userId, { tool: name, permission }, deps.now()),
      );
      return { name, permission };
    },

    allowHere,

    /**
     * Says to a call that waits whether it may be made, in whichever process it waits.
     *
     * @throws DomainError `not_found`; `conflict` for a call that does not wait, or was told something else.
     */
    async allow(viewer: Viewer, input: AllowToolInput): Promise<StartedRun> {
      const run = await get(viewer, input.runId);
      const { relay } = deps;
      if (relay === undefined || run.state !== "streaming" || run.owner === deps.owner) {
        return allowHere(viewer, input);
      }
      try {
        return await relay.start(run.owner, { viewer, kind: allowToolKind, input });
      } catch (error) {
        if (!(error instanceof OwnerLost)) throw error;
        throw toNotWaiting(error);
      }
    },
  };
}

function toNotWaiting(cause?: Error): DomainError {
  return new DomainError("conflict", "This call does not wait for a word of yours.", { cause });
}

function toView(tool: ToolInfo, grants: readonly ToolGrant[]): ToolView {
  const { name, server, title = null, description, inputSchema } = tool;
  const permission = toEffectivePermission(tool, grants);
  return { name, server, title, description, inputSchema, permission };
}
