import { measureQuality } from "./measure-quality.ts";
import { measureScale, type ScaleSize } from "./measure-scale.ts";

const full: ScaleSize = { documents: 24, chars: 5_000_000, searches: 220, streams: 20 };
const small: ScaleSize = { documents: 2, chars: 40_000, searches: 5, streams: 4 };

/** Prints how good the search is, and how fast it and the taking in of documents are. */
export async function runKnowledgeBench(
  { quick }: { readonly quick: boolean },
  print: (text: string) => void,
): Promise<void> {
  print(`\n### How good the search is\n\n${await measureQuality()}\n`);
  print(`\n### How fast it is\n\n${await measureScale(quick ? small : full)}\n`);
}
