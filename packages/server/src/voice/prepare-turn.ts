import type { Access } from "../key/access.ts";
import type { ToolInfo } from "../tool/tool-box.ts";
import { toFrame, type AnswerTarget } from "./answer-target.ts";
import { isFields, readEngineContext } from "./engine-fields.ts";
import type { FoundContext, ReadableBase, VoiceKnowledge } from "./knowledge-port.ts";
import type { Said } from "./memory/turn.ts";
import type { RememberedAnswer, VoiceMemory } from "./memory/voice-memory.ts";
import type { OwnTools } from "./own-tools.ts";
import type { VoiceFace } from "./ports.ts";
import type { VoiceMessage } from "./voice-message.ts";
import type { VoiceRequest } from "./voice-request.ts";
import type { VoiceSettings } from "./voice-settings.ts";
import type { Prepared } from "./voice-turn.ts";

/** What preparing a question stands on. */
export type PrepareDeps = {
  readonly settings: VoiceSettings;
  readonly memory: VoiceMemory;
  readonly tools: OwnTools;
  /** Undefined where there are no knowledge bases. */
  readonly knowledge: VoiceKnowledge | undefined;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly now: () => number;
  readonly onInternalError: (error: unknown) => void;
};

/** A question that is to be prepared. */
export type TurnToPrepare = {
  readonly face: VoiceFace;
  readonly request: VoiceRequest;
  readonly access: Access;
  readonly authorization: string | undefined;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly target: AnswerTarget;
  /** What the record is to tell of it. */
  readonly notes: Record<string, unknown>;
  /** What the answer has said by now. */
  readonly said: () => string;
  /** Takes what the answer is remembered by, as soon as there is something to be ended. */
  readonly keep: (remembered: RememberedAnswer) => void;
};

/** Longer silence is worse than an answer without context. */
const retrievalMsMax = 10_000;

/**
 * Puts together what a model is asked: what the engine no longer sends of the conversation, what was found, and the
 * engine's own messages; and the tools that may be called.
 *
 * @throws DomainError `not_found` for a knowledge base that there is not, before anything was told; the signal's reason.
 */
export async function prepareTurn(deps: PrepareDeps, turn: TurnToPrepare): Promise<Prepared> {
  const base = turn.face === "rag" ? await findBase(deps, turn) : undefined;
  if (turn.face === "rag") tellToWait(deps, turn);
  const work = [remember(deps, turn), listTools(deps, turn), lookUp(deps, turn, base)] as const;
  // Whatever becomes of one, the others have ended when this has.
  await Promise.allSettled(work);
  const [remembered, offered, context] = await Promise.all(work);
  const { messages } = turn.request;
  if (context !== undefined) turn.notes["passages"] = context.passages;
  if (remembered !== undefined && remembered.dropped.length > 0)
    turn.notes["remembered"] = remembered.dropped.length;
  return { messages: toMessages(messages, { remembered, context }), offered };
}

/** The messages as JSON. What was dropped goes behind the instructions, what was found in front of the question. */
function toMessages(
  messages: readonly VoiceMessage[],
  { remembered, context }: { remembered: RememberedAnswer | undefined; context: FoundContext | undefined },
): readonly string[] {
  const list = messages.map(({ json }) => json);
  const question = messages.findLastIndex(({ role }) => role === "user");
  const found = context && JSON.stringify({ role: "user", content: context.text });
  if (found !== undefined) list.splice(Math.max(question, 0), 0, found);
  const first = messages.findIndex(({ role }) => role !== "system" && role !== "developer");
  const dropped = (remembered?.dropped ?? []).map(({ role, text }) =>
    JSON.stringify({ role, content: text }),
  );
  list.splice(first === -1 ? list.length : first, 0, ...dropped);
  return list;
}

async function findBase(
  { knowledge, settings }: PrepareDeps,
  { request, access, notes }: TurnToPrepare,
): Promise<ReadableBase | undefined> {
  const name = request.knowledgeBase ?? settings.knowledgeBase;
  if (name === undefined || knowledge === undefined) return undefined;
  const isConfigured = name === settings.knowledgeBase;
  const base = await knowledge.find(access, name, isConfigured);
  notes["knowledgeBase"] = base.baseId;
  return base;
}

/** The sentence has an id of its own: it is no part of the answer. */
function tellToWait({ settings, random, now }: PrepareDeps, { target, request }: TurnToPrepare): void {
  const { waitingSentences } = settings;
  const content = waitingSentences[Math.floor(random() * waitingSentences.length)];
  if (content === undefined) return;
  const choices = [{ index: 0, delta: { role: "assistant", content }, finish_reason: null }];
  const created = Math.floor(now() / 1000);
  const model = request.model ?? settings.model ?? "";
  const chunk = { id: "waiting_msg", object: "chat.completion.chunk", created, model, choices };
  target.tell(undefined, toFrame(chunk));
}

async function lookUp(
  { knowledge, settings, onInternalError }: PrepareDeps,
  { request, signal }: TurnToPrepare,
  base: ReadableBase | undefined,
): Promise<FoundContext | undefined> {
  const text = request.messages.findLast(({ role }) => role === "user")?.text ?? "";
  if (base === undefined || text.trim() === "") return undefined;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(retrievalMsMax)]);
  try {
    return await knowledge?.retrieve({ base, text, topK: settings.passagesMax, signal: inTime });
  } catch (error) {
    signal.throwIfAborted();
    onInternalError(error);
    return undefined;
  }
}

async function listTools(
  { tools, onInternalError }: PrepareDeps,
  { request, access, signal }: TurnToPrepare,
): Promise<readonly ToolInfo[]> {
  const { tool_choice: choice, n, tools: given } = request.body;
  // Several answers side by side would have rounds of their own.
  if (choice === "none" || (typeof n === "number" && n > 1)) return [];
  try {
    return await tools.list({ access, signal }, readNames(given));
  } catch (error) {
    signal.throwIfAborted();
    onInternalError(error);
    return [];
  }
}

function readNames(tools: unknown): ReadonlySet<string> {
  const names = (Array.isArray(tools) ? tools : []).flatMap((tool: unknown) => {
    const name = isFields(tool) && isFields(tool["function"]) ? tool["function"]["name"] : undefined;
    return typeof name === "string" ? [name] : [];
  });
  return new Set(names);
}

/** Remembers what was asked; undefined where nothing is to be remembered. */
export async function remember(
  { settings, memory }: Pick<PrepareDeps, "settings" | "memory">,
  turn: Omit<TurnToPrepare, "face" | "signal" | "target" | "notes">,
): Promise<RememberedAnswer | undefined> {
  const { request, access, authorization, requestId, said } = turn;
  const context = readEngineContext(request.body);
  if (context === undefined || !settings.memory.isEnabled) return undefined;
  const resent = request.messages.flatMap(({ role, text, isOfTools, turnId }): Said[] =>
    (role === "user" || role === "assistant") && !isOfTools && text !== "" ? [{ role, text, turnId }] : [],
  );
  const owner = { access, authorization, context };
  const asked = request.messages.findLastIndex(({ role }) => role === "user");
  const isContinued = request.messages.slice(asked + 1).some(({ isOfTools }) => isOfTools);
  const remembered = await memory.begin({ owner, requestId, resent, isContinued, said });
  turn.keep(remembered);
  return remembered;
}
