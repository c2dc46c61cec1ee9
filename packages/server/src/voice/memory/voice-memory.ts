import { createHash } from "node:crypto";
import type { Storage } from "@llm-backend/storage";
import type { Access } from "../../key/access.ts";
import type { EngineContext } from "../engine-fields.ts";
import type { VoiceMemorySettings } from "../voice-settings.ts";
import { findDropped } from "./find-dropped.ts";
import { boundTurns, readTurns } from "./stored-turns.ts";
import type { Said, Turn } from "./turn.ts";

/** Whose conversation it is. */
export type MemoryOwner = {
  readonly access: Pick<Access, "keyId" | "userId">;
  /** The caller's `Authorization` header: what stands for callers without a key of ours. */
  readonly authorization: string | undefined;
  readonly context: EngineContext;
};

/** An answer whose words are to be remembered. */
export type RememberedAnswer = {
  /** What was said before, and what the engine did not send again. */
  readonly dropped: readonly Turn[];
  /** Remembers the answer as far as it was said; nothing said is nothing remembered. */
  end(text: string): Promise<void>;
};

/** What the memory stands on. */
export type VoiceMemoryDeps = {
  readonly storage: Storage;
  readonly settings: VoiceMemorySettings;
  readonly now: () => number;
  readonly onInternalError: (error: unknown) => void;
};

/** What came in, and is to be answered. */
export type MemoryQuestion = {
  readonly owner: MemoryOwner;
  readonly requestId: string;
  /** What was said as the engine tells it, with what is new as its last entry. */
  readonly resent: readonly Said[];
  /** Its last entry is not new: what a tool of the caller's found out for it stands behind it. */
  readonly isContinued: boolean;
  /** What the answer has said by now. */
  readonly said: () => string;
};

/** What is remembered of conversations beyond what their engines send again. */
export type VoiceMemory = ReturnType<typeof createVoiceMemory>;

const sweptPerStep = 200;

/** Creates the memory. The engine's account of a conversation takes the place of ours wherever it sends one. */
export function createVoiceMemory(deps: VoiceMemoryDeps) {
  const { storage, settings, now } = deps;
  /** The answers that are under way in this process, by their requests. */
  const live = new Map<string, () => string>();
  /** Writes to one conversation happen one after the other. */
  const queues = new Map<string, Promise<unknown>>();

  function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const mine = (queues.get(id) ?? Promise.resolve()).then(work);
    const settled = mine
      .catch(() => undefined)
      .finally(() => {
        if (queues.get(id) === settled) queues.delete(id);
      });
    queues.set(id, settled);
    return mine;
  }

  async function read(id: string): Promise<readonly Turn[]> {
    const row = await storage.voiceMemories.find(id);
    const kept = readTurns(row?.turns, now() - settings.keptMs);
    // An answer that is being given has said something already.
    return kept.map((turn) => {
      const said = turn.requestId === undefined ? undefined : live.get(turn.requestId);
      return said === undefined ? turn : { ...turn, text: said() };
    });
  }

  async function write(id: string, userId: number | null, turns: readonly Turn[]): Promise<void> {
    const bounded = boundTurns(turns, settings.turnsMax);
    const row = { id, userId, turns: JSON.stringify(bounded), updatedAt: now() };
    await storage.relaxedTransaction((tx) => tx.voiceMemories.save(row));
  }

  /** Tells what was dropped as soon as that is known; that it is written down need not be waited for. */
  async function recall(
    id: string,
    { owner, requestId, resent, isContinued }: MemoryQuestion,
    tell: (dropped: readonly Turn[]) => void,
  ): Promise<void> {
    const dropped = findDropped(await read(id), resent, { isContinued });
    tell(dropped.filter(({ text }) => text !== ""));
    const at = now();
    const account: Turn[] = [...dropped, ...resent.map((said) => ({ ...said, at }))];
    if (resent.at(-1)?.role === "user") account.push({ role: "assistant", text: "", at, requestId });
    await write(id, owner.access.userId, account);
  }

  async function fillIn(id: string, question: MemoryQuestion, text: string): Promise<void> {
    const turns = await read(id);
    const mine = turns.findIndex(({ requestId }) => requestId === question.requestId);
    const open = turns[mine];
    // What the engine has sent since then says more of it.
    if (open === undefined) return;
    const { requestId: _, ...turn } = open;
    const answer = text === "" ? [] : [{ ...turn, text }];
    await write(id, question.owner.access.userId, turns.toSpliced(mine, 1, ...answer));
  }

  return {
    /**
     * Remembers what was asked, and says what the engine no longer sends of what was said before. Nothing that goes
     * wrong here keeps anybody from being answered.
     */
    async begin(question: MemoryQuestion): Promise<RememberedAnswer> {
      const { requestId } = question;
      const id = toMemoryId(question.owner);
      live.set(requestId, question.said);
      const told = Promise.withResolvers<readonly Turn[]>();
      inTurn(id, () => recall(id, question, told.resolve)).catch((error: unknown) => {
        deps.onInternalError(error);
        told.resolve([]);
      });
      const dropped = await told.promise;
      return {
        dropped,
        async end(text) {
          try {
            await inTurn(id, () => fillIn(id, question, text));
          } catch (error) {
            deps.onInternalError(error);
          } finally {
            live.delete(requestId);
          }
        },
      };
    },

    /** Forgets conversations that nobody goes on with. */
    async sweep(signal?: AbortSignal): Promise<void> {
      const before = now() - settings.keptMs;
      let count = sweptPerStep;
      while (count === sweptPerStep) {
        signal?.throwIfAborted();
        count = await storage.transaction((tx) => tx.voiceMemories.deleteOlder(before, sweptPerStep));
      }
    },

    /** Resolves when everything is written. */
    async flush(): Promise<void> {
      await Promise.all(queues.values());
    },
  };
}

/** One conversation, of one key or one caller: nobody finds another's. */
function toMemoryId({ access, authorization, context }: MemoryOwner): string {
  const holder = access.keyId ?? authorization ?? "";
  const parts = [
    access.keyId === null ? "caller" : "key",
    holder,
    context.appId,
    context.userId,
    context.channel,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
