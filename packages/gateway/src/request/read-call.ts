import type { ForwardCall, ForwardRequest } from "../forward/forward-ports.ts";

/**
 * Reads what a call says of itself, without parsing its body as a whole.
 *
 * @throws DomainError `invalid_input` when the body of a chat, completion or response is meant as JSON and is no object,
 *   or is nested too deeply; and for a model's name that is too long.
 */
export function readForwardCall(request: ForwardRequest): ForwardCall {
  throw new Error(`not yet: ${request.path}`);
}
