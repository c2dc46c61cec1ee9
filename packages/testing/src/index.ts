export {
  createFakeUpstream,
  type FakeUpstream,
  type FakeUpstreamOptions,
  type ReplyChoice,
} from "./fake-upstream/create-fake-upstream.ts";
export type { Call, CallEnd } from "./fake-upstream/call-log.ts";
export {
  answer,
  comment,
  cut,
  event,
  fail,
  finish,
  head,
  page,
  raw,
  reset,
  role,
  say,
  stall,
  think,
  usageOfFake,
  wait,
  wire,
  type DeltaField,
  type Reply,
  type Step,
  type WaitStep,
} from "./fake-upstream/reply-steps.ts";
export {
  answerAsAsked,
  asksForStream,
  completion,
  continuing,
  drippingHead,
  embeddings,
  endless,
  gzipBomb,
  inCharacters,
  readPrefill,
} from "./fake-upstream/whole-replies.ts";
export {
  embedding,
  readTexts,
  toFakeVector,
  type EmbeddingOptions,
} from "./fake-upstream/embedding-replies.ts";
export { createTestAuthority, type TestAuthority } from "./fake-upstream/test-authority.ts";
export type { RequestHead } from "./fake-upstream/request-reader.ts";
export { createHandDrivenReply, type HandDrivenReply } from "./fake-upstream/hand-driven-reply.ts";
export { renderBody, toChunk, toDeltaChunk, toFrame } from "./fake-upstream/openai-frames.ts";
export { createBlackHole, findClosedPort, type BlackHole } from "./fake-upstream/dead-ports.ts";
export { createPacedUpstream, type Pace, type PacedUpstream } from "./fake-upstream/paced-upstream.ts";
export { startFakeUpstreamProcess, type FakeUpstreamProcess } from "./fake-upstream/fake-upstream-process.ts";
export { createTestCertificate, type TestCertificate } from "./fake-upstream/test-certificate.ts";
export { findRedisObstacle, startRedisServer, type RedisServer } from "./redis/start-redis-server.ts";
export { startRedisStub, type RedisStub } from "./redis/redis-stub.ts";
export { startLossyRedisProxy, type LossyRedisProxy, type MessageFate } from "./redis/lossy-redis-proxy.ts";
export { startExternal, type ExternalProcess } from "./external-process.ts";
export { findNginxObstacle, startNginx } from "./nginx/start-nginx.ts";
export { composeBackend, type ComposedBackend } from "./backend/compose-backend.ts";
export { createWorkerRelay, openStorage } from "@llm-backend/app-server";
export { startBackend, type TestBackend } from "./backend/start-backend.ts";
export { spawnBackend, type BackendProcess } from "./backend/spawn-backend.ts";
export { buildProgram, sourceArguments, sourceEnvironment, toBuiltArguments } from "./backend/program.ts";
export type { BackendOptions } from "./backend/backend-config.ts";
export { listProcedures, type ListedProcedure } from "./hostile/list-procedures.ts";
export { noRequests, wildJson } from "./hostile/wild-json.ts";
export { response, responseStream, responseToolCall } from "./fake-upstream/response-replies.ts";
