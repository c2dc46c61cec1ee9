export type {
  AnswerPart,
  AttemptOutcome,
  AttemptReport,
  ChatOptions,
  ChatOutcome,
  ChatRequest,
  Clocks,
  Gateway,
  GatewayObserver,
  Provider,
  Upstream,
} from "./ports.ts";
export { createGateway, defaultClocks, defaultLimits, type GatewayOptions } from "./create-gateway.ts";
export type { AttemptLimits } from "./attempt/attempt.ts";
export type { ConnectionOptions } from "./attempt/open-socket.ts";
export { providers } from "./providers.ts";
export { createProviderFinder, type ProviderFinder } from "./routing/provider-finder.ts";
export { readEndpoint, type Endpoint } from "./routing/endpoint.ts";
