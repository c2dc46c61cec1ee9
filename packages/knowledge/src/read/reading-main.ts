import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import type { Passage } from "../ports.ts";
import { cutPassages } from "../split/cut-passages.ts";
import { readDocument } from "./read-document.ts";
import type { FromReading, Question, Reply, ToReading } from "./reading-messages.ts";
import { toSiblingUrl } from "./sibling-url.ts";
import { UnreadableDocument } from "./unreadable-document.ts";

// The reading process: one document at a time, asked for over its channel. It holds nothing that another document could
// get at, and may be killed at any moment.

type ReadMessage = Extract<ToReading, { type: "read" }>;

let open: { readonly passages: Iterator<Passage>; readonly batchSize: number } | undefined;

async function openDocument({ file, sizes, textCharsMax, batchSize }: ReadMessage): Promise<void> {
  const bytes = await readFile(file.path);
  const document = await readDocument(file.kind, {
    bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    textCharsMax,
  });
  open = { passages: cutPassages(document, sizes), batchSize };
}

/** Cuts the next passages, and no more than these. */
function takeBatch(): Reply {
  const passages: Passage[] = [];
  while (open !== undefined && passages.length < open.batchSize) {
    const next = open.passages.next();
    if (next.done === true) open = undefined;
    else passages.push(next.value);
  }
  return { type: "passages", passages, isLast: open === undefined };
}

async function answer(message: Question): Promise<Reply> {
  try {
    if (message.type === "read") await openDocument(message);
    return takeBatch();
  } catch (error) {
    open = undefined;
    if (error instanceof UnreadableDocument) return { type: "unreadable", sentence: error.message };
    return { type: "broken", message: String(error) };
  }
}

function send(message: FromReading): void {
  process.send?.(message);
}

process.on("message", (message: ToReading) => {
  if (message.type === "drop") open = undefined;
  else void answer(message).then(send);
});
// Nobody is left to read for.
process.on("disconnect", () => process.exit());
// While a parser is busy, this thread hears of nothing; another one sees to it that it does not outlive its parent.
new Worker(toSiblingUrl(import.meta.url, "parent-watch"), {
  workerData: Number(process.argv[2]),
}).unref();
send({ type: "ready" });
