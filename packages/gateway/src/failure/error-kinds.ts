import type { ProviderError } from "./provider-error.ts";

type Signs = { readonly kind: RegExp; readonly message?: RegExp };

const has = ({ kind, message }: ProviderError, signs: Signs): boolean =>
  signs.kind.test(kind) || (message !== undefined && signs.message?.test(message.slice(0, 2000)) === true);

const contextSigns: Signs = {
  kind: /context_length_exceeded|exceed_context_size|context_window_exceeded/,
  message:
    /maximum context length|context[ _]length[ _]exceeded|context (length|window|limit|size) (is |was )?exceed|exceeds? (the |its |your )?(available |model'?s? |maximum |max )*context|greater than the context length|longer than the model'?s context|context (window|size|limit|length) of \d|context the overflows|prompt (is )?too long|input is too long|input token count .{0,40}exceeds|maximum prompt length|prompt exceeds max length|exceeded model token limit|range of input length|reduce the length of (the|your) (messages|prompt|input)|tokens? in (the )?(prompt|request) (cannot|must not|more than)|too large for model with|超出.{0,12}(上下文|最大长度)|输入.{0,8}过长/i,
};

const invalidKeySigns: Signs = {
  kind: /invalid_?api_?key|api_key_invalid|authentication_error|invalid_authentication|unauthenticated|unauthorized/,
  message:
    /(incorrect|invalid|wrong|missing|expired) api[ _-]?key|api[ _-]?key (is |was )?(not valid|invalid|incorrect|expired|missing)/i,
};

const quotaSigns: Signs = {
  // Words for an empty account only: some providers say «quota» when they limit the rate.
  kind: /insufficient_(user_)?(quota|balance|credits)|exceeded_current_quota|billing|arrearage|spend_limit|payment_required/,
};

const rateSigns: Signs = {
  kind: /rate_?limit|too_many_requests|throttl|tokens_per_minute|requests_per_minute/,
};

const overloadSigns: Signs = { kind: /overloaded|engine_busy|server_busy|capacity/ };

const missingModelSigns: Signs = {
  kind: /model_not_(found|exist|supported)|model_not_available|modelnotfound|unknown_model|invalid_model/,
  message:
    /\bmodel\b.{0,200}?(not found|not exist|does not exist|doesn't exist|is not (a )?(valid|supported|available)|not recognized)|(invalid|unknown|unsupported|no such|not a valid|not found:?) (the )?model\b|模型不存在|模型.{0,40}不存在/i,
};

/** The prompt does not fit the model. */
export const isContextTooLong = (error: ProviderError): boolean => has(error, contextSigns);
/** The key is not accepted; some providers say so with status 400. */
export const isInvalidKey = (error: ProviderError): boolean => has(error, invalidKeySigns);
/** The account is empty: waiting does not help. */
export const isQuota = (error: ProviderError): boolean => has(error, quotaSigns);
/** Too much at once: waiting helps. */
export const isRateLimit = (error: ProviderError): boolean => has(error, rateSigns);
/** The provider cannot take more just now, whoever asks. */
export const isOverload = (error: ProviderError): boolean => has(error, overloadSigns);
/** The upstream does not have the model. */
export const isMissingModel = (error: ProviderError): boolean => has(error, missingModelSigns);
