import type { AnswerCall, ForwardRequest, VoiceFace } from "@llm-backend/server";

/** Who answers calls of voice engines. */
export type VoiceFaces = Readonly<Record<VoiceFace, AnswerCall>> & {
  /** Whether a call of `/v1/chat/completions` is of a voice engine; must cost next to nothing where it is not. */
  readonly isOfEngine: (request: ForwardRequest) => boolean;
};

const faces: ReadonlyMap<string, VoiceFace> = new Map([
  ["/chat/completions", "chat"],
  ["/rag/chat/completions", "rag"],
  ["/audio/chat/completions", "audio"],
]);

/** The face of a path, whatever stands behind its `?`. */
export function findVoiceFace(url: string): VoiceFace | undefined {
  const end = url.indexOf("?");
  const path = end === -1 ? url : url.slice(0, end);
  return faces.get(path.endsWith("/") ? path.slice(0, -1) : path);
}

/**
 * Chooses who answers a call as a voice engine's; undefined for a call of `/v1` that is none.
 *
 * @param isUnderV1 - There other programs ask as well: `/v1/chat/completions` is theirs, unless an engine's words stand
 *   in the body.
 */
export function chooseVoiceFace(
  voice: VoiceFaces,
  request: ForwardRequest,
  isUnderV1: boolean,
): AnswerCall | undefined {
  const face = findVoiceFace(request.path);
  if (face === undefined) return undefined;
  return face !== "chat" || !isUnderV1 || voice.isOfEngine(request) ? voice[face] : undefined;
}
