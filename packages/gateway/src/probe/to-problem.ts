import type { ModelListing } from "../discovery/list-upstream-models.ts";
import type { Failure } from "../failure/failure.ts";
import type { BriefAnswer } from "./ask-briefly.ts";

/** A key, and what came of asking for the models with it. */
export type TriedKey = { readonly key: string | undefined; readonly listing: ModelListing };

/** What a probe has found out. */
export type Findings = {
  readonly tried: readonly TriedKey[];
  readonly models: readonly string[] | undefined;
  /** The model that was to be asked. */
  readonly model: string | undefined;
  readonly answer: BriefAnswer | undefined;
};

/** What the provider said, else what happened. */
const toReason = ({ message }: Failure): string => message.replace(/[.\s]+$/, "");

function toRefusedKeys(tried: readonly TriedKey[]): string | undefined {
  const refusals = tried.flatMap(({ listing: { failure } }) =>
    failure?.outcome === "auth" ? [failure] : [],
  );
  const [refusal] = refusals;
  if (refusal === undefined) return undefined;
  const which = tried.length === 1 ? "The key is" : `${refusals.length} of ${tried.length} keys are`;
  return `${which} not accepted: ${toReason(refusal)}.`;
}

/** Nobody was asked anything. */
function toUnasked({ tried, model }: Findings): string | undefined {
  const failure = tried[0]?.listing.failure;
  if (failure?.outcome === "cancelled") return "The probe was cancelled.";
  if (tried[0]?.listing.isReachable !== true)
    return `It cannot be reached: ${failure === undefined ? "no answer" : toReason(failure)}.`;
  if (model !== undefined) return undefined;
  return failure === undefined
    ? "It names no model that could be asked; name one to try it."
    : `It does not list its models (${toReason(failure)}); name one to try it.`;
}

function toRefusedQuestion(model: string, failure: Failure): string {
  const reason = toReason(failure);
  switch (failure.outcome) {
    case "cancelled":
      return "The probe was cancelled.";
    case "auth":
      return `The key is not accepted: ${reason}.`;
    case "quota":
      return `The account behind the key is empty: ${reason}.`;
    case "rate_limited":
      return `The key is limited just now: ${reason}.`;
    default:
      return `Asked for a few words, the model “${model}” failed: ${reason}.`;
  }
}

/** Says in one sentence what is wrong, the weightiest thing first; undefined when nothing is. */
export function toProblem(findings: Findings): string | undefined {
  const { tried, model, answer } = findings;
  if (model !== undefined && answer?.failure !== undefined) return toRefusedQuestion(model, answer.failure);
  const refused = toRefusedKeys(tried);
  if (refused !== undefined) return refused;
  if (answer === undefined) return toUnasked(findings);
  if (answer.firstTokenMs === undefined) return `The model “${model}” answered without a word.`;
  return answer.isStreaming === false
    ? "It answers in one piece although a stream was asked for."
    : undefined;
}
