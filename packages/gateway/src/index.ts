export type { AttemptOutcome, AttemptReport } from "./attempt/attempt-ports.ts";
export type {
  AnswerPart,
  ChatOptions,
  ChatOutcome,
  ToolCall,
  ChatRequest,
  Gateway,
  GatewayObserver,
  ProbeReport,
  Provider,
} from "./ports.ts";
export type {
  BalancePolicy,
  BreakerState,
  Clocks,
  HealthChange,
  KeyHealth,
  MidstreamPolicy,
  Upstream,
  UpstreamHealth,
  UpstreamTally,
} from "./upstream.ts";
export type {
  ForwardBody,
  ForwardCall,
  ForwardOptions,
  ForwardRequest,
  ForwardResult,
  ForwardSink,
} from "./forward/forward-ports.ts";
export { createGateway, defaultClocks, type GatewayOptions } from "./create-gateway.ts";
export type { AttemptLimits } from "./attempt/attempt.ts";
export type { ConnectionOptions } from "./attempt/open-socket.ts";
export { toRefusedResult } from "./forward/refused-result.ts";
export { readForwardCall } from "./request/read-call.ts";
export { locateFields, type ObjectLayout } from "./request/json-fields.ts";
export { walkMembers } from "./request/json-members.ts";
export { createObjectEditor } from "./request/object-editor.ts";
export { createToolCallBuffer, type ToolPiece } from "./answer/tool-call-buffer.ts";
export { readToolPieces } from "./answer/tool-pieces.ts";
export { readUsage } from "./answer/usage.ts";
export { toErrorFrame } from "./forward/error-frame.ts";
export { toStreamHeaders } from "./forward/wire-headers.ts";
export { providers } from "./providers.ts";
export { createProviderFinder, type ProviderFinder } from "./routing/provider-finder.ts";
export { readEndpoint, type Endpoint } from "./routing/endpoint.ts";
export { matchesPattern } from "./routing/model-pattern.ts";
