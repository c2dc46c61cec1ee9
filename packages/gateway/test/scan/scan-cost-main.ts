import { createStreamScanner } from "../../src/scan/stream-scanner.ts";
import { chatOptions } from "./scan-stream.ts";

// By hand: `node --conditions=@llm-backend/source packages/gateway/test/scan/scan-cost-main.ts`
const frames = 58_000;
const rounds = 15;
const words = ' The quick brown fox\\n jumps over\\u2014the \\"lazy\\" dog and 你好 once more, again.'.split(
  " ",
);

const toFrame = (index: number, more: string): string =>
  `data: {"id":"chatcmpl-BNa6yqVXkQ7CkQHyNBS5Mfxkzr2NA","object":"chat.completion.chunk","created":1745141234,` +
  `"model":"gpt-4o-mini","system_fingerprint":"fp_0392822090","choices":[{"index":0,"delta":{"content":" ` +
  `${words[index % words.length]}"},"finish_reason":null}]${more}}\n\n`;
const plain = (): string => "";
const padding = (index: number): string => `,"obfuscation":"${"abcdefghijklmnop".slice(index % 12)}"`;

function toReads(framesPerRead: number, more: (index: number) => string): Buffer[] {
  const texts = Array.from({ length: frames }, (_, index) => toFrame(index, more(index)));
  const reads: Buffer[] = [];
  for (let at = 0; at < frames; at += framesPerRead)
    reads.push(Buffer.from(texts.slice(at, at + framesPerRead).join("")));
  return reads;
}

/** Microseconds of the fastest round, per frame. */
function measure(reads: readonly Buffer[], textCharsMax: number): string {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const scanner = createStreamScanner({ ...chatOptions, hideUsage: true, textCharsMax });
    const start = performance.now();
    for (const bytes of reads) scanner.scan(bytes);
    best = Math.min(best, performance.now() - start);
  }
  return ((best * 1000) / frames).toFixed(3);
}

const everything = Buffer.concat(toReads(frames, plain));
const cut = Array.from({ length: Math.ceil(everything.length / 65_536) }, (_, index) =>
  everything.subarray(index * 65_536, (index + 1) * 65_536),
);
const cases: readonly (readonly [string, readonly Buffer[], number])[] = [
  ["290 frames a read, no text kept", toReads(290, plain), 0],
  ["290 frames a read", toReads(290, plain), 1e6],
  ["40 frames a read", toReads(40, plain), 1e6],
  ["1 frame a read", toReads(1, plain), 1e6],
  ["cut every 64 KiB", cut, 1e6],
  ["290 frames a read, padded", toReads(290, padding), 1e6],
];
for (const [name, reads, textCharsMax] of cases)
  process.stdout.write(
    `${name}: ${measure(reads, textCharsMax)} µs a frame of ${toFrame(1, "").length} bytes\n`,
  );
