import { DomainError } from "@llm-backend/contract";
import type { ForwardService, IncomingCall } from "../forward/forward-service.ts";
import type { VoiceFace } from "./ports.ts";
import type { ReadCall } from "./voice-deps.ts";
import { readVoiceRequest } from "./voice-request.ts";

/** A call as it came, and for which face. */
export type CallToRead = {
  readonly face: VoiceFace;
  readonly incoming: IncomingCall;
  /** Fields that will be written differently, beside those that always may be. */
  readonly further?: readonly string[];
};

/**
 * Reads a call. One that cannot be read is recorded like every other that was refused.
 *
 * @throws DomainError `method_not_allowed`, `invalid_input`
 */
export function readCall(
  forward: Pick<ForwardService, "noteRefused">,
  { face, incoming, further }: CallToRead,
): ReadCall {
  try {
    if (incoming.request.method !== "POST") throw new DomainError("method_not_allowed");
    return { face, incoming, request: readVoiceRequest(incoming.request, face, further) };
  } catch (error) {
    if (DomainError.is(error)) forward.noteRefused(incoming, error);
    throw error;
  }
}
