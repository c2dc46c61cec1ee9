export { createClient, type Client, type SessionClient } from "./create-client.ts";
export type {
  BaseOptions,
  FetchFunction,
  SessionClientOptions,
  TokenOptions,
  WebSocketClass,
} from "./client-options.ts";
export type { Session, SessionOptions } from "./session/create-session.ts";
export type { KeyValueStorage } from "./session/token-storage.ts";
export type { ChatStream, StreamOptions } from "./chat/chat-stream.ts";
export type {
  ChatClient,
  ContinueRequest,
  EditRequest,
  FollowOptions,
  FollowRequest,
  RegenerateRequest,
  StreamRequest,
  TemporaryRequest,
} from "./chat/create-chat-client.ts";
export type {
  AttachmentClient,
  FileContent,
  UploadedAttachment,
  UploadOptions,
} from "./attachment/create-attachment-client.ts";
export type {
  DocumentClient,
  DocumentUploadOptions,
  UploadedDocument,
} from "./document/create-document-client.ts";
export { isTerminalEvent, type ChatResult } from "./chat/chat-result.ts";
export type { RetryOptions } from "./retry/backoff.ts";
export type { RetryNotice } from "./retry/with-retry.ts";
export {
  LlmBackendError,
  type ErrorIssue,
  type LlmBackendErrorCode,
  type LlmBackendErrorOptions,
} from "./error/llm-backend-error.ts";
export type { AppRouter } from "@llm-backend/server";
export type {
  Account,
  AttachmentDetail,
  AttachmentView,
  Citation,
  ConversationView,
  Credentials,
  DocumentView,
  ErrorCode,
  FoundPassage,
  JobEvent,
  KnowledgeBaseView,
  MessageView,
  ModelView,
  RouterInputs,
  RouterOutputs,
  RunEvent,
  RunState,
  StartedRun,
  StoppedRun,
  TerminalEvent,
  ToolCallView,
  ToolDecision,
  ToolView,
  TokenPair,
  TrackedRunEvent,
  Usage,
} from "./wire-types.ts";
