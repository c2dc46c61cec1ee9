import { DomainError, type RunEvent } from "@llm-backend/contract";
import type { Run } from "@llm-backend/storage";
import { toDeltas } from "./continued-text.ts";
import { createRunLog, isDelta, type AnswerText, type RunLog } from "./run-log.ts";
import { createRunPresence, type RunPresence } from "./run-presence.ts";

/**
 * Why a run was ended from outside. `stop`: its user said so. `shutdown`: the server goes. `discard`: its conversation
 * was deleted. `expire`: it took longer than a run may.
 */
export type EndReason = "stop" | "shutdown" | "discard" | "expire";

/** Where a question is looked up, as far as its request says so. */
export type RunLookUp = {
  readonly knowledgeBaseIds?: readonly string[] | undefined;
  readonly topK?: number | undefined;
};

/** A run that this process drives. */
export type LiveRun = {
  readonly run: Run;
  /** What its request says of what its question is looked up in. */
  readonly lookUp: RunLookUp | undefined;
  readonly log: RunLog;
  /** Aborted when the run is ended from outside. */
  readonly signal: AbortSignal;
  readonly endReason: EndReason | undefined;
  /** Who follows it. */
  readonly presence: RunPresence;
  /** What it has repeated of the answer that it goes on with: none of its own words. */
  readonly repeated: AnswerText;
  /** What the question that was sent last has, by our own count; undefined before there is one. */
  readonly promptTokens: number | undefined;
  /** Resolves when the ending is stored and told. */
  readonly ended: Promise<void>;
  /** Adds an event to what the followers read. */
  append(event: RunEvent): void;
  /** Begins, also after a reset, with what the answer has said that it goes on with. */
  repeat(said: AnswerText): void;
  /** Notes how many tokens the question has that is sent now. */
  noteAsked(promptTokens: number): void;
  /** Ends the run from outside; the first reason counts. */
  end(reason: EndReason): void;
  /** Marks the run as stored and told. */
  finish(): void;
};

/** Learns how much a live run has said, in bytes. */
export type AppendListener = (live: LiveRun, bytes: number) => void;

/** Creates a live run; nothing happens with it yet. */
export function createLiveRun(run: Run, onAppend: AppendListener, lookUp?: RunLookUp): LiveRun {
  const controller = new AbortController();
  const ended = Promise.withResolvers<void>();
  const log = createRunLog();
  let endReason: EndReason | undefined;
  let repeated: AnswerText = { content: "", reasoning: "" };
  let promptTokens: number | undefined;
  const live: LiveRun = {
    run,
    lookUp,
    log,
    signal: controller.signal,
    ended: ended.promise,
    presence: createRunPresence(run.onDisconnect, () => live.end("stop")),
    get repeated() {
      return repeated;
    },
    get promptTokens() {
      return promptTokens;
    },
    get endReason() {
      return endReason;
    },
    append(event) {
      log.append(event);
      onAppend(live, isDelta(event) ? Buffer.byteLength(event.text) : 0);
    },
    repeat(said) {
      repeated = said;
      for (const delta of toDeltas(said)) live.append(delta);
    },
    noteAsked(tokens) {
      promptTokens = tokens;
    },
    end(reason) {
      if (endReason !== undefined) return;
      endReason = reason;
      controller.abort(new DomainError("cancelled"));
    },
    finish() {
      log.close();
      live.presence.close();
      ended.resolve();
    },
  };
  return live;
}
