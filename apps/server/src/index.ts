export { startServer, type RunningServer } from "./start-server.ts";
export { compose, type ComposeOptions, type Parts } from "./compose.ts";
export { openStorage } from "./compose-storage.ts";
export { readConfig } from "./config/read-config.ts";
export type { Config } from "./config/to-config.ts";
export { createLogger } from "./logging/create-logger.ts";
export type { Environment } from "./env.ts";
export { appRouter, type ProcedureMeta } from "@llm-backend/server";
export { createWorkerRelay } from "./workers/worker-relay.ts";
