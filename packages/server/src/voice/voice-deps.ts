import { randomBytes } from "node:crypto";
import type { IncomingCall } from "../forward/forward-service.ts";
import type { RoundsDeps } from "./answer-rounds.ts";
import type { RememberedAnswer } from "./memory/voice-memory.ts";
import type { TakeText, VoiceFace } from "./ports.ts";
import { prepareTurn, remember, type PrepareDeps } from "./prepare-turn.ts";
import type { AnswerSoFar } from "./round-reader.ts";
import { findVerbatim, type VerbatimWords } from "./speak-verbatim.ts";
import type { VoiceRequest } from "./voice-request.ts";
import type { VoiceTurn } from "./voice-turn.ts";

/** What answering stands on. */
export type VoiceDeps = {
  readonly rounds: RoundsDeps;
  readonly prepare: PrepareDeps;
};

/** A call that was read. */
export type ReadCall = {
  readonly face: VoiceFace;
  readonly incoming: IncomingCall;
  readonly request: VoiceRequest;
};

/** A question on its way. */
export type OpenTurn = VoiceTurn & {
  /** Remembers what was said; to be called once, whatever happened. */
  readonly end: () => Promise<void>;
};

/** An id like OpenAI's. */
export const newAnswerId = (): string => `chatcmpl-${randomBytes(12).toString("hex")}`;

/** The caller's `Authorization` header. */
function readAuthorization({ request }: IncomingCall): string | undefined {
  const value = request.headers["authorization"];
  return typeof value === "string" ? value : value?.[0];
}

/** Opens the turn of a call that a model is to answer. */
export function openTurn(
  { prepare }: VoiceDeps,
  { face, incoming, request }: ReadCall,
  given: Pick<TakeText, "signal" | "announce" | "notes"> & { readonly fields: VoiceTurn["fields"] },
): OpenTurn {
  const soFar: AnswerSoFar = {
    text: "",
    id: undefined,
    usage: undefined,
    model: undefined,
    finishReason: undefined,
    isRoleTold: false,
    isUsageHeld: false,
  };
  const notes: Record<string, unknown> = { ...given.notes };
  const { signal } = given;
  let remembered: RememberedAnswer | undefined;
  const { model } = prepare.settings;
  const isNameless =
    request.model === undefined && !("models" in request.body) && !("fallbacks" in request.body);
  return {
    face,
    incoming,
    request,
    ...given,
    fields: { ...(isNameless && model !== undefined && { model: JSON.stringify(model) }), ...given.fields },
    notes,
    soFar,
    async prepare(target) {
      return prepareTurn(prepare, {
        face,
        request,
        access: incoming.access,
        authorization: readAuthorization(incoming),
        requestId: incoming.request.id,
        signal,
        target,
        notes,
        said: () => soFar.text,
        keep: (kept) => {
          remembered = kept;
        },
      });
    },
    end: async () => remembered?.end(soFar.text),
  };
}

/** The words that are to be spoken as they are; undefined where a model is to answer. */
export function openVerbatim({ prepare }: VoiceDeps, call: ReadCall): VerbatimWords | undefined {
  const text = findVerbatim(call.request);
  if (text === undefined) return undefined;
  return {
    ...call,
    text,
    model: call.request.model ?? prepare.settings.model ?? "verbatim",
    id: newAnswerId(),
    created: Math.floor(prepare.now() / 1000),
  };
}

/** Remembers them, too: the engine's own words are part of its account of the conversation. */
export async function rememberVerbatim(
  { prepare }: VoiceDeps,
  { incoming, request, text }: VerbatimWords,
): Promise<void> {
  await remember(prepare, {
    request,
    access: incoming.access,
    authorization: readAuthorization(incoming),
    requestId: incoming.request.id,
    said: () => text,
    keep: (remembered) => void remembered.end(text),
  });
}
