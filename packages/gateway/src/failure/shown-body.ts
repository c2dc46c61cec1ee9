import { errorCodes, toOpenAiError } from "@llm-backend/contract";
import { scrub, type Secrets } from "./scrub.ts";

const depthMax = 8;
const charsMax = 32 * 1024;

/**
 * Makes the body of a refusal fit to be shown to an asker: JSON of the same shape whose texts hold no keys, addresses or
 * hosts. A text in which nothing had to be hidden stays as it is; a body that is no JSON becomes OpenAI's error object.
 */
export function toShownBody(body: string, secrets: Secrets): string {
  const value = body.length <= charsMax ? parse(body) : undefined;
  if (typeof value === "object" && value !== null) return JSON.stringify(toShown(value, secrets, 0));
  const sentence = scrub(body.replaceAll(/<[^>]{0,200}>/g, " "), secrets);
  const message = sentence === "" ? errorCodes.upstream_rejected.publicMessage : sentence;
  return JSON.stringify({ error: toOpenAiError("upstream_rejected", message) });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function toShown(value: unknown, secrets: Secrets, depth: number): unknown {
  if (typeof value === "string") return toShownText(value, secrets);
  if (typeof value !== "object" || value === null) return value;
  if (depth === depthMax) return null;
  if (Array.isArray(value)) return value.map((item: unknown) => toShown(item, secrets, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      toShownText(name, secrets),
      toShown(item, secrets, depth + 1),
    ]),
  );
}

/** Hiding also shortens and joins lines: where nothing has to be hidden, the text is better as it was. */
function toShownText(text: string, secrets: Secrets): string {
  const scrubbed = scrub(text, secrets);
  return /\[(key|host|link)\]/.test(scrubbed) || text.length > 2000 ? scrubbed : text;
}
