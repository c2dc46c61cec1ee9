import { DomainError } from "@llm-backend/contract";
import type { ForwardCall, ForwardRequest } from "../forward/forward-ports.ts";
import { callFields, modelCharsMax, readKind, toPathModel } from "./call-fields.ts";
import { findObjectFault, locateFields, readField, type ObjectLayout } from "./json-fields.ts";
import { jsonDepthMax } from "./json-scan.ts";

const fallbacksMax = 16;
/** What so many names take at most, with every character escaped and room for blanks. */
const listBytesMax = 64 * 1024;
const contentTypeOfJson = /json/i;
const choicesMax = 128;

type Body = { readonly bytes: Buffer; readonly layout: ObjectLayout };

function refuse(message: string, path: string): DomainError {
  return new DomainError("invalid_input", message, { details: { issues: [{ path, message }] } });
}

/** A body without a content type, or with one of JSON, is meant as JSON. */
function isMeantAsJson({ headers }: ForwardRequest): boolean {
  const type = headers["content-type"];
  return type === undefined || contentTypeOfJson.test(String(type));
}

function toBodyError(bytes: Buffer): DomainError {
  const fault = findObjectFault(bytes);
  if (bytes.length === 0) return refuse("The body is empty; a JSON object is expected.", "");
  if (fault?.reason === "too_deep")
    return refuse(`The body is nested deeper than ${jsonDepthMax} levels.`, "");
  return refuse(`The body is not a JSON object: it goes wrong at byte ${fault?.at ?? 0}.`, "");
}

function readBody(request: ForwardRequest, kind: ForwardCall["kind"]): Body | undefined {
  if (request.body.kind !== "whole") return undefined;
  const { bytes } = request.body;
  const layout = locateFields(bytes, callFields);
  if (layout !== undefined) return { bytes, layout };
  if (kind !== "other" && isMeantAsJson(request)) throw toBodyError(bytes);
  return undefined;
}

const read = ({ bytes, layout }: Body, name: string): unknown => readField(bytes, layout.find(name));

function readNames(body: Body, name: string): string[] {
  const range = body.layout.find(name);
  if (range === undefined) return [];
  if (range.valueEnd - range.valueStart > listBytesMax) throw refuse(`\`${name}\` is too long.`, name);
  const value = readField(body.bytes, range);
  if (!Array.isArray(value)) return [];
  return value.filter((entry) => typeof entry === "string" && entry !== "" && entry.length <= modelCharsMax);
}

function readModel(body: Body): string | undefined {
  const range = body.layout.find("model");
  if (range === undefined) return undefined;
  // Six characters of JSON can stand for one.
  const isLong = range.valueEnd - range.valueStart > 6 * modelCharsMax + 2;
  const model = isLong ? undefined : readField(body.bytes, range);
  if (isLong || (typeof model === "string" && model.length > modelCharsMax))
    throw refuse(`\`model\` has more than ${modelCharsMax} characters.`, "model");
  return typeof model === "string" && model !== "" ? model : undefined;
}

function readCount(body: Body, name: string): number | undefined {
  const value = read(body, name);
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** The limit holds for each of the choices. */
function readMaxTokens(body: Body): number | undefined {
  const limit =
    readCount(body, "max_completion_tokens") ??
    readCount(body, "max_tokens") ??
    readCount(body, "max_output_tokens");
  if (limit === undefined) return undefined;
  return Math.min(limit * Math.min(readCount(body, "n") ?? 1, choicesMax), Number.MAX_SAFE_INTEGER);
}

function readWantsUsage({ bytes, layout }: Body): boolean {
  const range = layout.find("stream_options");
  if (range === undefined) return false;
  const options = bytes.subarray(range.valueStart, range.valueEnd);
  return readField(options, locateFields(options, ["include_usage"])?.find("include_usage")) === true;
}

/**
 * Reads what a call says of itself, without parsing its body as a whole.
 *
 * @throws DomainError `invalid_input` when the body of a chat, completion or response is meant as JSON and is no object,
 *   or is nested too deeply; and for a model's name that is too long.
 */
export function readForwardCall(request: ForwardRequest): ForwardCall {
  const kind = readKind(request.method, request.path);
  const body = readBody(request, kind);
  const pathModel = toPathModel(request.path);
  if (body === undefined)
    return {
      request,
      model: pathModel,
      fallbacks: [],
      kind,
      isStreamed: false,
      wantsUsage: false,
      isPlain: false,
      maxTokens: undefined,
    };
  // Only answers of text can come from another model than the one that was asked.
  const others = kind === "other" ? [] : [...readNames(body, "models"), ...readNames(body, "fallbacks")];
  const named = readModel(body);
  const model = named ?? others[0] ?? pathModel;
  return {
    request,
    model,
    fallbacks:
      others.length === 0
        ? others
        : [...new Set(others)].filter((name) => name !== model).slice(0, fallbacksMax),
    kind,
    isStreamed: read(body, "stream") === true,
    wantsUsage: readWantsUsage(body),
    isPlain: named !== undefined && isPlain(body),
    maxTokens: readMaxTokens(body),
  };
}

function isPlain({ layout }: Body): boolean {
  const count = (name: string): number => layout.findAll(name).length;
  if (count("models") > 0 || count("fallbacks") > 0) return false;
  return callFields.every((name) => count(name) < 2);
}
