export { ReplayLog, type LogEntry, type LogShape } from "./replay-log.ts";
export { chooseRetryMs } from "./retry-delay.ts";
export { encodeSse, ssePing, type SseFrame } from "./encode-sse.ts";
export { splitText } from "./split-text.ts";
