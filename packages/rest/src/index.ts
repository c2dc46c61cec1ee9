export { mountApi, type ApiOptions } from "./api/mount-api.ts";
export { mountAdmin, type AdminOptions } from "./admin/mount-admin.ts";
export { adminRoutes } from "./admin/admin-routes.ts";
export type { AdminRoute } from "./admin/admin-route.ts";
export { apiRoutes } from "./api/api-routes.ts";
export {
  createOpenAiHandler,
  type AnsweredCall,
  type OpenAiHandler,
  type OpenAiOptions,
} from "./openai/openai-handler.ts";
export type { BodyLimits } from "./openai/read-call-body.ts";
export type { VoiceFaces } from "./voice/voice-paths.ts";
export { adviseRetry } from "./api/frame-form.ts";
export { readHostError } from "./api/host-error.ts";
export { sendStream, type StreamReply } from "./api/send-stream.ts";
export type { StreamPing } from "./api/write-stream.ts";
export { toOpenApiDocument, type OpenApiDocument } from "./openapi/openapi-document.ts";
export type { JsonRoute, Route, RouteRequest, StreamRoute } from "./api/route.ts";
