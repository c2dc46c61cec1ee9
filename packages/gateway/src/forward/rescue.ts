import { DomainError } from "@llm-backend/contract";
import { endSlot } from "../failover/run-attempt.ts";
import type { Failure } from "../failure/failure.ts";
import { repeatedCharsMin } from "../join/continued-join.ts";
import { createStreamJoiner } from "../join/stream-joiner.ts";
import type { Slot } from "../pool/pool.ts";
import { toContinuationBody } from "../request/continuation-body.ts";
import type { MidstreamPolicy } from "../upstream.ts";
import { askCandidate, type Asked, type Joining } from "./ask-candidate.ts";
import type { Forwarding } from "./forwarding-state.ts";

/** What the caller has of an answer that broke off. */
type Sent = { readonly text: string; readonly reasoning: string };

type Broken = { readonly slot: Slot; readonly asked: Asked; readonly failure: Failure };

/**
 * Lets other candidates go on with a stream that broke off, until one of them ends it. Nothing of theirs reaches the
 * caller that does not follow what the caller has.
 *
 * @returns Who ended it; undefined when it cannot be gone on with, or nobody could.
 */
export async function rescue(forwarding: Forwarding, broken: Broken): Promise<Asked | undefined> {
  const { walk, options } = forwarding;
  let sent = toSent(forwarding, broken);
  if (sent === undefined) return undefined;
  walk.restart();
  walk.note({ ...broken.failure, final: false });
  for (;;) {
    const slot = await nextSlot(forwarding);
    if (slot === undefined) return undefined;
    const policy = toPolicy(forwarding, slot);
    if (policy === "off") {
      slot.end({ outcome: "cancelled" });
      continue;
    }
    const { asked, mode } = await goOnWith(forwarding, { slot, sent, policy });
    const { failure } = asked.result;
    if (failure === undefined) return withSent(asked, sent, mode);
    if (failure.outcome === "cancelled") {
      // Its answer differs, or the caller is gone.
      if (options.signal.aborted) throw new DomainError("cancelled");
      return undefined;
    }
    walk.note({ ...failure, final: false });
    sent = addSent(sent, asked, mode);
    if (sent === undefined) return undefined;
  }
}

async function nextSlot({ walk, options }: Forwarding): Promise<Slot | undefined> {
  try {
    return await walk.next(options.signal);
  } catch (error) {
    if (options.signal.aborted) throw error;
    return undefined;
  }
}

function toPolicy({ context }: Forwarding, slot: Slot): MidstreamPolicy {
  return slot.upstream.midstream ?? context.midstream;
}

/** What was sent, if somebody else can go on with it. */
function toSent(forwarding: Forwarding, { slot, asked }: Broken): Sent | undefined {
  const { call } = forwarding;
  const progress = asked.stream?.progress;
  if (progress === undefined || call.kind !== "chat" || toPolicy(forwarding, slot) === "off")
    return undefined;
  const { hasToolCalls, choicesMax, isTextCut, finishReason, text, reasoning } = progress;
  // A tool call is never glued, nor is one of several answers; and what has a reason for its end is not to be gone on with.
  if (hasToolCalls || choicesMax > 1 || isTextCut || finishReason !== undefined) return undefined;
  return { text, reasoning };
}

async function goOnWith(
  forwarding: Forwarding,
  given: { slot: Slot; sent: Sent; policy: MidstreamPolicy },
): Promise<{ asked: Asked; mode: "exact" | "continue" }> {
  const { slot, sent, policy } = given;
  const { context, call } = forwarding;
  const mayContinue =
    policy === "continue" && // Of a shorter text it could not be told whether it was gone on with or begun anew; and it is cheap to make again.
    sent.text.length >= repeatedCharsMin &&
    !context.quirks.has(slot, "no_prefill");
  const body = mayContinue
    ? toContinuationBody(call, {
        model: slot.model,
        askUsage: !context.quirks.has(slot, "no_stream_options"),
        text: sent.text,
        dialect: slot.upstream.prefill,
      })
    : undefined;
  if (body === undefined)
    return { asked: await askCandidate(forwarding, slot, toJoining("exact", sent)), mode: "exact" };
  const joining = { ...toJoining("continue", sent), body };
  const asked = await askCandidate(forwarding, keepSlot(slot), joining);
  const { failure } = asked.result;
  if (failure?.outcome !== "rejected") {
    endSlot(slot, asked.result);
    return { asked, mode: "continue" };
  }
  // It does not take the beginning of an answer; the question alone it may.
  context.quirks.learn(slot, "no_prefill");
  return { asked: await askCandidate(forwarding, slot, toJoining("exact", sent)), mode: "exact" };
}

function toJoining(mode: "exact" | "continue", sent: Sent): Joining {
  return { createJoiner: () => createStreamJoiner({ kind: "chat", mode, ...sent }) };
}

/** A slot that stays taken when it is given back: its upstream may be asked once more. */
const keepSlot = (slot: Slot): Slot => ({ ...slot, end: () => {} });

/** All of an answer that was gone on with: what came before belongs to it. */
function withSent(asked: Asked, sent: Sent, mode: "exact" | "continue"): Asked {
  if (mode === "exact" || asked.text.startsWith(sent.text)) return asked;
  const sentChars = [...sent.text].length + [...sent.reasoning].length;
  return { ...asked, text: sent.text + asked.text, textChars: sentChars + asked.textChars };
}

/** What the caller has after another break. */
function addSent(sent: Sent, { stream }: Asked, mode: "exact" | "continue"): Sent | undefined {
  const progress = stream?.progress;
  if (progress === undefined) return sent;
  const { text, reasoning, hasToolCalls, choicesMax, isTextCut, finishReason } = progress;
  if (hasToolCalls || choicesMax > 1 || isTextCut || finishReason !== undefined) return undefined;
  if (mode === "continue" && !text.startsWith(sent.text)) {
    return { text: sent.text + text, reasoning: sent.reasoning + reasoning };
  }
  return text.length > sent.text.length || reasoning.length > sent.reasoning.length
    ? { text, reasoning }
    : sent;
}
