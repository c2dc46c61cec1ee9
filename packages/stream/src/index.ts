export { ReplayLog, type LogEntry, type LogShape } from "./replay-log.ts";
export { encodeSse, ssePing, type SseFrame } from "./encode-sse.ts";
export { withPing } from "./with-ping.ts";
