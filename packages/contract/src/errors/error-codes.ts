/** What one error code means on every face. */
export type ErrorRow = {
  /** The tRPC code that the client sees in `error.data.code`. */
  readonly trpc:
    | "BAD_REQUEST"
    | "UNAUTHORIZED"
    | "PAYMENT_REQUIRED"
    | "FORBIDDEN"
    | "NOT_FOUND"
    | "CONFLICT"
    | "PAYLOAD_TOO_LARGE"
    | "UNSUPPORTED_MEDIA_TYPE"
    | "UNPROCESSABLE_CONTENT"
    | "TOO_MANY_REQUESTS"
    | "CLIENT_CLOSED_REQUEST"
    | "INTERNAL_SERVER_ERROR"
    | "BAD_GATEWAY"
    | "SERVICE_UNAVAILABLE"
    | "GATEWAY_TIMEOUT"
    | "METHOD_NOT_SUPPORTED";
  /** The HTTP status on the REST and OpenAI faces. */
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type: string;
  /** OpenAI's `error.code`. */
  readonly openai: string;
  /** Whether the same request may succeed when sent again later. */
  readonly retryable: boolean;
  /** Whether the error's own message may be shown; otherwise `publicMessage` stands in for it. */
  readonly shown: boolean;
  /** One plain sentence: what the code means. It stands in the docs, and in for messages that are not shown. */
  readonly publicMessage: string;
};

/** Every error of the system. A code without a row does not compile, and no face has a table of its own. */
export const errorCodes = {
  invalid_input: {
    trpc: "BAD_REQUEST",
    status: 400,
    type: "invalid_request_error",
    openai: "invalid_input",
    retryable: false,
    shown: true,
    publicMessage: "The request is not valid.",
  },
  unauthenticated: {
    trpc: "UNAUTHORIZED",
    status: 401,
    type: "invalid_request_error",
    openai: "invalid_api_key",
    retryable: false,
    shown: true,
    publicMessage: "A valid token is required.",
  },
  forbidden: {
    trpc: "FORBIDDEN",
    status: 403,
    type: "permission_error",
    openai: "forbidden",
    retryable: false,
    shown: true,
    publicMessage: "This is not allowed.",
  },
  not_found: {
    trpc: "NOT_FOUND",
    status: 404,
    type: "invalid_request_error",
    openai: "not_found",
    retryable: false,
    shown: true,
    publicMessage: "Not found.",
  },
  model_not_found: {
    trpc: "NOT_FOUND",
    status: 404,
    type: "invalid_request_error",
    openai: "model_not_found",
    retryable: false,
    shown: true,
    publicMessage: "No upstream serves this model.",
  },
  method_not_allowed: {
    trpc: "METHOD_NOT_SUPPORTED",
    status: 405,
    type: "invalid_request_error",
    openai: "method_not_allowed",
    retryable: false,
    shown: true,
    publicMessage: "The path does not take this method.",
  },
  conflict: {
    trpc: "CONFLICT",
    status: 409,
    type: "invalid_request_error",
    openai: "conflict",
    retryable: false,
    shown: true,
    publicMessage: "This contradicts what is already there.",
  },
  run_in_progress: {
    trpc: "CONFLICT",
    status: 409,
    type: "invalid_request_error",
    openai: "run_in_progress",
    retryable: true,
    shown: true,
    publicMessage: "Too many answers of this conversation are waiting for their turn.",
  },
  context_too_long: {
    trpc: "BAD_REQUEST",
    status: 400,
    type: "invalid_request_error",
    openai: "context_length_exceeded",
    retryable: false,
    shown: true,
    publicMessage: "The message is longer than the model can read.",
  },
  input_too_large: {
    trpc: "PAYLOAD_TOO_LARGE",
    status: 413,
    type: "invalid_request_error",
    openai: "input_too_large",
    retryable: false,
    shown: true,
    publicMessage: "The request is too large.",
  },
  unsupported_media_type: {
    trpc: "UNSUPPORTED_MEDIA_TYPE",
    status: 415,
    type: "invalid_request_error",
    openai: "unsupported_media_type",
    retryable: false,
    shown: true,
    publicMessage: "The request's content type is not supported.",
  },
  document_unreadable: {
    trpc: "UNPROCESSABLE_CONTENT",
    status: 422,
    type: "invalid_request_error",
    openai: "document_unreadable",
    retryable: false,
    shown: true,
    publicMessage: "The document cannot be read.",
  },
  rate_limited: {
    trpc: "TOO_MANY_REQUESTS",
    status: 429,
    type: "rate_limit_error",
    openai: "rate_limit_exceeded",
    retryable: true,
    shown: true,
    publicMessage: "Too many requests.",
  },
  quota_exceeded: {
    trpc: "TOO_MANY_REQUESTS",
    status: 429,
    type: "rate_limit_error",
    openai: "insufficient_quota",
    retryable: false,
    shown: true,
    publicMessage: "The quota is used up.",
  },
  budget_exceeded: {
    trpc: "PAYMENT_REQUIRED",
    status: 402,
    type: "insufficient_quota",
    openai: "budget_exceeded",
    retryable: false,
    shown: true,
    publicMessage: "The budget is used up.",
  },
  cancelled: {
    trpc: "CLIENT_CLOSED_REQUEST",
    status: 499,
    type: "invalid_request_error",
    openai: "cancelled",
    retryable: false,
    shown: true,
    publicMessage: "The request was cancelled.",
  },
  upstream_rejected: {
    trpc: "UNPROCESSABLE_CONTENT",
    status: 422,
    type: "invalid_request_error",
    openai: "upstream_rejected",
    retryable: false,
    shown: true,
    publicMessage: "The model's provider rejected the request.",
  },
  upstream_auth: {
    trpc: "BAD_GATEWAY",
    status: 502,
    type: "server_error",
    openai: "upstream_auth",
    retryable: false,
    shown: true,
    publicMessage: "The model's provider does not accept the key.",
  },
  upstream_rate_limited: {
    trpc: "TOO_MANY_REQUESTS",
    status: 429,
    type: "rate_limit_error",
    openai: "upstream_rate_limited",
    retryable: true,
    shown: true,
    publicMessage: "The model's provider limits the rate of requests.",
  },
  upstream_unavailable: {
    trpc: "BAD_GATEWAY",
    status: 502,
    type: "server_error",
    openai: "upstream_unavailable",
    retryable: true,
    shown: true,
    publicMessage: "No upstream could answer.",
  },
  upstream_overloaded: {
    trpc: "SERVICE_UNAVAILABLE",
    status: 503,
    type: "server_error",
    openai: "upstream_overloaded",
    retryable: true,
    shown: true,
    publicMessage: "No upstream can take the request just now.",
  },
  upstream_timeout: {
    trpc: "GATEWAY_TIMEOUT",
    status: 504,
    type: "server_error",
    openai: "upstream_timeout",
    retryable: true,
    shown: true,
    publicMessage: "The model did not answer in time.",
  },
  answer_truncated: {
    trpc: "BAD_GATEWAY",
    status: 502,
    type: "server_error",
    openai: "answer_truncated",
    retryable: true,
    shown: true,
    publicMessage: "The answer broke off before its end.",
  },
  overloaded: {
    trpc: "SERVICE_UNAVAILABLE",
    status: 503,
    type: "server_error",
    openai: "overloaded",
    retryable: true,
    shown: true,
    publicMessage: "The server is busy; try again shortly.",
  },
  storage_unavailable: {
    trpc: "SERVICE_UNAVAILABLE",
    status: 503,
    type: "server_error",
    openai: "storage_unavailable",
    retryable: true,
    shown: true,
    publicMessage: "The server cannot store anything just now; try again shortly.",
  },
  shutting_down: {
    trpc: "SERVICE_UNAVAILABLE",
    status: 503,
    type: "server_error",
    openai: "shutting_down",
    retryable: true,
    shown: true,
    publicMessage: "The server is shutting down; try again shortly.",
  },
  internal: {
    trpc: "INTERNAL_SERVER_ERROR",
    status: 500,
    type: "server_error",
    openai: "internal",
    retryable: true,
    shown: false,
    publicMessage: "Internal error",
  },
} as const satisfies Record<string, ErrorRow>;

/** The name of one row of the error table. */
export type ErrorCode = keyof typeof errorCodes;

/** Tells whether a string is one of the table's codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCodes, value);
}
