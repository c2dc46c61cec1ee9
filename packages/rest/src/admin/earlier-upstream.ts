import { addUpstreamInput, DomainError, updateUpstreamInput, type UpstreamView } from "@llm-backend/contract";
import { isMasked, maskSecret } from "@llm-backend/server";
import type { z } from "zod";

/** An upstream as the earlier gateway's administration names its fields, and ours behind them. */
export type EarlierUpstream = {
  readonly ID: number;
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
  readonly DeletedAt: null;
  readonly SK: string;
  readonly Endpoint: string;
  readonly SuccessCount: number;
  readonly FailedCount: number;
  readonly LastCallSuccessTime: string;
  readonly Name: string;
  readonly Source: string;
  readonly Enabled: boolean;
};

/** What that system's language writes for a time that never was. */
const neverText = "0001-01-01T00:00:00Z";
/** In place of a key: the caller's own header is passed on. */
const asIs = "asis";
const noKey = "none";

/** Writes an upstream in the words of this face; its keys as the view has them. */
export function toEarlierUpstream(view: UpstreamView): EarlierUpstream {
  return {
    ID: view.id,
    CreatedAt: view.createdAt.toISOString(),
    UpdatedAt: view.updatedAt.toISOString(),
    DeletedAt: null,
    SK: toSk(view),
    Endpoint: view.endpoint,
    SuccessCount: view.successes,
    FailedCount: view.failures,
    LastCallSuccessTime: view.lastSuccessAt?.toISOString() ?? neverText,
    Name: view.name,
    Source: view.source,
    Enabled: view.isEnabled,
  };
}

/** What a caller writes of an upstream. */
export type EarlierInput = { readonly sk: string; readonly endpoint: string };

/**
 * Reads `SK` and `Endpoint`, in whatever case they are written, as that system did.
 *
 * @throws DomainError `forbidden` when one of them is empty; `invalid_input` when one is no text.
 */
export function readEarlierInput(body: Readonly<Record<string, unknown>>): EarlierInput {
  const input = { sk: readText(body, "SK"), endpoint: readText(body, "Endpoint") };
  if (input.sk === "" || input.endpoint === "") {
    throw new DomainError("forbidden", "can't create new OPENAI_UPSTREAM with empty sk or endpoint");
  }
  return input;
}

/** @throws DomainError `invalid_input` */
export function toAddInput({ sk, endpoint }: EarlierInput): z.infer<typeof addUpstreamInput> {
  return parse(addUpstreamInput, { endpoint, ...toKeys(sk) });
}

/**
 * What a caller wants changed of an upstream. An `SK` that is written as it is shown leaves the keys as they are.
 *
 * @throws DomainError `invalid_input`
 */
export function toUpdateInput(
  { sk, endpoint }: EarlierInput,
  current: UpstreamView,
): z.infer<typeof updateUpstreamInput> {
  const shown = [toSk(current), toSk({ ...current, keys: current.keys.map(maskSecret) })];
  return parse(updateUpstreamInput, {
    id: current.id,
    endpoint,
    ...(shown.includes(sk) ? {} : toKeys(sk)),
  });
}

function toSk({ keys, passAuthorization }: Pick<UpstreamView, "keys" | "passAuthorization">): string {
  if (passAuthorization) return asIs;
  return keys.length === 0 ? noKey : keys.join(",");
}

function toKeys(sk: string): { keys: string[]; passAuthorization: boolean } {
  if (sk === asIs) return { keys: [], passAuthorization: true };
  // Several keys are shown behind each other; what is written anew is one, whatever it consists of.
  const parts = sk.split(",");
  return { keys: parts.some(isMasked) ? parts : [sk], passAuthorization: false };
}

function readText(body: Readonly<Record<string, unknown>>, name: string): string {
  const key = Object.keys(body).find((field) => field.toLowerCase() === name.toLowerCase());
  const value = body[name] ?? (key === undefined ? undefined : body[key]) ?? "";
  if (typeof value !== "string") throw new DomainError("invalid_input", `${name} must be a text.`);
  return value.trim();
}

function parse<TSchema extends z.ZodType>(schema: TSchema, value: unknown): z.infer<TSchema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const sentences = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new DomainError("invalid_input", sentences.join("; "));
}
