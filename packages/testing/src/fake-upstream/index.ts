export {
  createFakeUpstream,
  type FakeUpstream,
  type FakeUpstreamOptions,
  type ReplyChoice,
} from "./create-fake-upstream.ts";
export type { Call, CallEnd } from "./call-log.ts";
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
} from "./reply-steps.ts";
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
} from "./whole-replies.ts";
export { createTestAuthority, type TestAuthority } from "./test-authority.ts";
export type { RequestHead } from "./request-reader.ts";
export { createHandDrivenReply, type HandDrivenReply } from "./hand-driven-reply.ts";
export { renderBody, toChunk, toDeltaChunk, toFrame } from "./openai-frames.ts";
export { createBlackHole, findClosedPort, type BlackHole } from "./dead-ports.ts";
export { createPacedUpstream, type Pace, type PacedUpstream } from "./paced-upstream.ts";
export { startFakeUpstreamProcess, type FakeUpstreamProcess } from "./fake-upstream-process.ts";
export { createTestCertificate, type TestCertificate } from "./test-certificate.ts";
export { embedding, readTexts, toFakeVector, type EmbeddingOptions } from "./embedding-replies.ts";
export { response, responseStream, responseToolCall } from "./response-replies.ts";
