import type { ForwardCall } from "../forward/forward-ports.ts";

/** The fields of a body that are read or written on its way. A body must not have two readings of them. */
export const callFields = [
  "model",
  "models",
  "fallbacks",
  "stream",
  "stream_options",
  "max_completion_tokens",
  "max_tokens",
  "max_output_tokens",
  "n",
] as const;

/** The name that a path counts as where no model is named: `/v1/audio/transcriptions`. */
export function toPathModel(path: string): string {
  const end = path.search(/[?#]/);
  return `/v1${end === -1 ? path : path.slice(0, end)}`.slice(0, modelCharsMax);
}

/** The most characters that a model's name may have. */
export const modelCharsMax = 256;

const kinds: Readonly<Record<string, ForwardCall["kind"]>> = {
  "/v1/chat/completions": "chat",
  "/v1/completions": "completion",
  "/v1/responses": "response",
};

/** What servers take for the same path is the same path: nobody goes around a limit by `//` or `%63`. */
function toPlainPath(path: string): string {
  try {
    return decodeURIComponent(path)
      .replaceAll(/\/{2,}/g, "/")
      .replace(/\/$/, "")
      .toLowerCase();
  } catch {
    return path;
  }
}

/** Tells what a call is by its method and path. */
export function readKind(method: string, path: string): ForwardCall["kind"] {
  if (method !== "POST") return "other";
  const name = toPathModel(path);
  return kinds[name] ?? kinds[toPlainPath(name)] ?? "other";
}

/** Whether a call asks for vectors: those of two models do not belong together, whatever their length. */
export function isForVectors(path: string): boolean {
  return toPlainPath(toPathModel(path)) === "/v1/embeddings";
}
