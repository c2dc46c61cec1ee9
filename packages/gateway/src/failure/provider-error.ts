/** What a provider says of a failure, in whichever of the usual shapes it came. */
export type ProviderError = {
  readonly message: string | undefined;
  /** `code`, `type` and `status` of the error in one, lower case: providers disagree on which says what. */
  readonly kind: string;
  /** An HTTP status that the error itself names. */
  readonly status: number | undefined;
};

type Fields = Readonly<Record<string, unknown>>;

/** Tells a JSON object from everything else. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

/** FastAPI puts a sentence, or a list of what is wrong with which field, into `detail`. */
function readDetail(detail: unknown): string | undefined {
  if (isText(detail)) return detail;
  if (!Array.isArray(detail)) return undefined;
  const sentences = detail.flatMap((entry) =>
    isFields(entry) && isText(entry["msg"]) ? [entry["msg"]] : [],
  );
  return sentences.length === 0 ? undefined : sentences.join("; ");
}

function readMessage(fields: Fields): string | undefined {
  const { message, msg, error_msg: errorMsg, status_msg: statusMsg } = fields;
  return [message, msg, errorMsg, statusMsg].find(isText) ?? readDetail(fields["detail"]);
}

function toProviderError(fields: Fields): ProviderError {
  const { code, type, status, error_code: errorCode } = fields;
  const kind = [code, type, status, errorCode].filter(
    (value) => typeof value === "string" || typeof value === "number",
  );
  const named = [code, status].map(Number).find((value) => value >= 400 && value <= 599);
  return { message: readMessage(fields), kind: kind.join(" ").toLowerCase(), status: named };
}

/** MiniMax reports failures beside an otherwise regular answer. */
function readBaseResponse(value: unknown): ProviderError | undefined {
  return isFields(value) && typeof value["status_code"] === "number" && value["status_code"] !== 0
    ? toProviderError({ ...value, code: value["status_code"] })
    : undefined;
}

/**
 * Finds the error in a parsed body or stream frame; undefined where there is none.
 *
 * @param loose - Also takes an object for an error that only has a message: the body of a failed request.
 */
export function readProviderError(value: unknown, loose = false): ProviderError | undefined {
  const root: unknown = Array.isArray(value) ? value[0] : value;
  if (!isFields(root)) return undefined;
  const { error } = root;
  if (isText(error)) return { ...toProviderError(root), message: readMessage(root) ?? error };
  if (isFields(error)) return toProviderError(error);
  const { errors } = root;
  if (Array.isArray(errors) && isFields(errors[0])) return toProviderError(errors[0]);
  const base = readBaseResponse(root["base_resp"]);
  if (base !== undefined) return base;
  if (root["object"] === "error" || root["type"] === "error") return toProviderError(root);
  return loose && readMessage(root) !== undefined ? toProviderError(root) : undefined;
}
