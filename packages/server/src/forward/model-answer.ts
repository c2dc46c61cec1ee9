import type { ModelView } from "@llm-backend/contract";
import type { ForwardRequest } from "@llm-backend/gateway";

/**
 * The answer to a question for models: a list of those that the caller can name, over all upstreams. Undefined for every
 * other call, and where nobody says what there is: then an upstream is asked.
 */
export function findModelAnswer(
  { method, path }: ForwardRequest,
  listModels: () => readonly ModelView[],
  mayAsk: (model: string) => boolean,
): Buffer | undefined {
  if (method !== "GET" || !path.startsWith("/models")) return undefined;
  const match = /^\/models(?:\/([^?]+))?(?:\?.*)?$/.exec(path);
  if (match === null) return undefined;
  const known = listModels();
  if (known.length === 0) return undefined;
  const models = known.filter(({ model }) => mayAsk(model));
  if (match[1] === undefined) return toBody({ object: "list", data: models.map(toModel) });
  const name = decode(match[1]);
  const found = models.find(({ model }) => model === name);
  return found === undefined ? undefined : toBody(toModel(found));
}

function toModel({ model, upstreams }: ModelView) {
  return { id: model, object: "model", created: 0, owned_by: upstreams[0] ?? "unknown" };
}

const toBody = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
