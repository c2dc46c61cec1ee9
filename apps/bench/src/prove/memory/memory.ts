import { atMost, told } from "../frame/figure.ts";
import type { Figure, Proof } from "../frame/proof.ts";
import { measureHeap } from "./measure-heap.ts";
import { measureChatIdlers, measureV1Idlers, type IdlersSeen } from "./measure-idlers.ts";
import { measureGrowth } from "./trend.ts";

const mib = 1024 ** 2;
const growthMibMax = 1;
const idlersMax = 1000;
const idlersMin = 5;
const tokensPerIdler = 1000;
const kibPerIdlerMax = 256;

/** Memory that does not grow with what has gone through, nor with what nobody takes. */
export const memory: Proof = {
  name: "memory",
  promise:
    "So many paced tokens through one process, over /v1 and both faces of chat: what is in use when all garbage is " +
    "collected stays the same. Then readers (one for every thousand tokens, at most a thousand) that take nothing, on " +
    "answers that have no end.",
  unit: "tokens",
  few: 100_000,
  many: 1_000_000,
  async run({ n, progress }) {
    const onLook = (share: number) => progress(0.8 * n * share, "heap");
    const { live, tokens } = await measureHeap({ tokens: n, onLook });
    const growth = measureGrowth(live) / mib;
    const idlers = Math.min(idlersMax, Math.max(idlersMin, Math.ceil(n / tokensPerIdler)));
    const v1 = await measureV1Idlers(idlers);
    progress(0.9 * n, "readers that do not read");
    const chat = await measureChatIdlers(idlers);
    return [
      told("tokens that went through, looks at the heap", `${tokens.toLocaleString("en")}, ${live.length}`),
      atMost("heap after collection: growth over the run", growth, { max: growthMibMax, unit: "MiB" }),
      told("heap after collection: least, most", `${toMib(Math.min(...live))}, ${toMib(Math.max(...live))}`),
      told("readers that do not read", idlers),
      ...toFigures("/v1, an endless answer each", v1),
      told("/v1: pushed by the upstream for each, the system's own buffers included", toKib(v1.pushedBytes)),
      kibAtMost("/v1: pushed by the upstream for each, without those", v1.heldBytes),
      ...toFigures("chat, all on one answer", chat),
    ];
  },
};

function toFigures(kind: string, { residentBytes }: IdlersSeen): Figure[] {
  return [kibAtMost(`${kind}: resident memory for each`, residentBytes)];
}

function kibAtMost(figure: string, bytes: number): Figure {
  return atMost(figure, bytes / 1024, { max: kibPerIdlerMax, unit: "KiB" });
}

const toMib = (bytes: number) => `${(bytes / mib).toFixed(1)} MiB`;
const toKib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
