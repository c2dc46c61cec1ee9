import type { Quirks } from "../failover/quirks.ts";
import type { Slot } from "../pool/pool.ts";
import type { ChatRequest } from "../ports.ts";
import { finalMessageFlags, prefillFlags } from "../request/continuation-body.ts";
import type { MidstreamPolicy } from "../upstream.ts";
import { createSeamFilter, type SeamFilter } from "./seam-filter.ts";

/**
 * How a candidate is asked to go on: `prefill`, with what was said as the beginning of its own answer; `instruct`, with
 * what was said as an answer of the conversation, and the request to go on.
 */
export type ContinuationMode = "prefill" | "instruct";

const instruction =
  "Your last answer broke off. Go on with it exactly where it stopped, if need be in the middle of a word: what you " +
  "write now is put right behind it. Repeat nothing of it, do not begin anew, and say nothing about the break.";

/** Chooses how a candidate is asked: only one that is known to take the beginning of an answer is given it. */
export function chooseMode(
  given: { readonly quirks: Quirks; readonly midstream: MidstreamPolicy },
  slot: Slot,
): ContinuationMode {
  const { upstream } = slot;
  const isKnown = upstream.takesPrefill || (upstream.midstream ?? given.midstream) === "continue";
  return isKnown && !given.quirks.has(slot, "no_prefill") ? "prefill" : "instruct";
}

/** The question to a candidate that is to go on behind what was said. */
export function toContinued(
  request: ChatRequest & { readonly spoken: string },
  slot: Slot,
  mode: ContinuationMode,
): ChatRequest {
  const { messages, spoken } = request;
  const said = { role: "assistant", content: spoken } as const;
  if (mode === "instruct") {
    return { ...request, messages: [...messages, said, { role: "user", content: instruction }] };
  }
  const { prefill } = slot.upstream;
  const flags = prefill === "final_message" ? finalMessageFlags : {};
  return {
    ...request,
    messages: [...messages, { ...said, ...prefillFlags[prefill] }],
    parameters: { ...request.parameters, ...flags },
  };
}

/** The filter for what such a candidate says; one that was given its own beginning repeats all of it or nothing. */
export function createSeam(spoken: string, mode: ContinuationMode): SeamFilter {
  return createSeamFilter(spoken, mode === "prefill" ? "whole" : "tail");
}
