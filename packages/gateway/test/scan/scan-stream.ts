import type { ScanOptions, ScanProgress } from "../../src/scan/scan-progress.ts";
import { createStreamScanner } from "../../src/scan/stream-scanner.ts";

export const limits = { eventBytesMax: 1024 * 1024, answerBytesMax: 4 * 1024 * 1024 };
export const chatOptions: ScanOptions = { kind: "chat", hideUsage: false, textCharsMax: 10_000, limits };

/** What came of a stream that was read in these pieces. */
export type Scanned = { readonly passed: Buffer; readonly progress: ScanProgress };

export function scanAll(reads: readonly Buffer[], options: Partial<ScanOptions> = {}): Scanned {
  const scanner = createStreamScanner({ ...chatOptions, ...options });
  const passed = reads.flatMap((bytes) => scanner.scan(bytes));
  const whole = Buffer.concat([...passed, ...scanner.end()]);
  const { text, reasoning, isTextCut } = scanner.progress;
  return { passed: whole, progress: { ...scanner.progress, text, reasoning, isTextCut } };
}

export const scanText = (text: string, options: Partial<ScanOptions> = {}) => {
  const { passed, progress } = scanAll([Buffer.from(text)], options);
  return { passed: passed.toString(), ...progress };
};
