// A thread that does what its questions say, in place of searching.
import { parentPort, threadId } from "node:worker_threads";
import type { FromSearchThread, ToSearchThread } from "../../src/search/search-messages.ts";

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const answer = (message: FromSearchThread) => parentPort?.postMessage(message);

parentPort?.on("message", ({ number, request, isGivenUp }: ToSearchThread) => {
  if (request.text === "die") process.exit(1);
  if (request.text === "throw") throw new Error("broken");
  if (request.text === "die once" && threadId % 2 === 1) process.exit(1);
  if (request.text === "fail") return answer({ number, type: "failure", message: "no such table" });
  if (request.text === "hang") Atomics.wait(isGivenUp, 0, 0);
  if (request.text === "hang for ever") for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (request.text === "hang" && Atomics.load(isGivenUp, 0) !== 0)
    return answer({ number, type: "given-up" });
  return answer({ number, type: "answer", answer: { passages: [], missingModels: [`thread ${threadId}`] } });
});

answer({ type: "ready" });
