import type { IncomingCall } from "../forward/forward-service.ts";
import type { ToolInfo } from "../tool/tool-box.ts";
import type { AnswerTarget } from "./answer-target.ts";
import type { TakeText, VoiceFace } from "./ports.ts";
import type { AnswerSoFar } from "./round-reader.ts";
import type { VoiceRequest } from "./voice-request.ts";

/** One question, and everything that is done about it before a model is asked. */
export type VoiceTurn = {
  readonly face: VoiceFace;
  readonly incoming: IncomingCall;
  readonly request: VoiceRequest;
  /** Fields as JSON that are asked for in place of the caller's. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly announce: TakeText["announce"];
  /** What its record tells of it beside the engine's fields. */
  readonly notes: Record<string, unknown>;
  /**
   * Is done once the call was let in, before anybody is asked: gives what is asked, and with which tools. May tell the
   * caller something meanwhile.
   */
  readonly prepare: (target: AnswerTarget) => Promise<Prepared>;
  readonly soFar: AnswerSoFar;
};

/** What is asked in the first round. */
export type Prepared = { readonly messages: readonly string[]; readonly offered: readonly ToolInfo[] };
