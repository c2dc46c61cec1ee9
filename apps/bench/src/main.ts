/**
 * Prints what streaming costs, side by side with others in front of the same upstream in the same run.
 * `npm run bench -- [burst] [first-token] [paced] [--quick]` measures chat against a plain pass-through,
 * `npm run bench -- workers [--rounds 3] [--quick]` compares one process with two that serve together,
 * `npm run bench -- gateway [--only burst,paced] [--rivals raw,nginx] [--rounds 3] [--quick]` measures /v1 against rivals,
 * `npm run bench -- conversations [--rounds 7] [--quick]` measures what steps cost while conversations and lists grow,
 * `npm run bench -- redis [--rounds 7] [--quick]` measures what each use of Redis costs, and what a cache there would gain,
 * `npm run bench -- knowledge [--quick]` measures how good and how fast the search of knowledge bases is,
 * `npm run bench -- knowledge-vectors [--rounds 21] [--quick]` compares ways to find the closest vectors,
 * `npm run bench -- speech [--rounds 40] [--quick]` measures how soon, how fast and how evenly answers are spoken,
 * `npm run bench -- start [--rounds 15] [--quick]` compares starts of the program with those of the compiler's files,
 * `npm run bench -- acknowledge [--disk FOLDER] [--rounds 7] [--quick]` compares commits that stop the event loop with ours.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { buildProgram } from "@llm-backend/testing";
import { runAcknowledgeBench } from "./acknowledge/run-acknowledge-bench.ts";
import { runChatBench } from "./chat-bench.ts";
import { runConversationsBench } from "./conversations/run-conversations-bench.ts";
import { readGatewayOptions } from "./gateway/command-line.ts";
import { runGatewayBench } from "./gateway/gateway-bench.ts";
import { runKnowledgeBench } from "./knowledge/run-knowledge-bench.ts";
import { runVectorsBench } from "./knowledge/vectors/run-vectors-bench.ts";
import { runRedisBench } from "./redis/redis-bench.ts";
import { runSpeechBench } from "./speech/run-speech-bench.ts";
import { runStartBench } from "./start/run-start-bench.ts";
import { UnknownName } from "./unknown-name.ts";
import { runWorkersBench } from "./workers/run-workers-bench.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Small sizes: shows that everything works, not what it costs. */
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    /** How many paced streams of chat. */
    streams: { type: "string" },
    /** Scenarios of the gateway, separated by commas. */
    only: { type: "string" },
    /** Whom the gateway is compared with, separated by commas. */
    rivals: { type: "string" },
    /** A folder for CPU profiles of the gateway's servers. */
    profile: { type: "string" },
    /** Further flags of node for them, separated by blanks. */
    "node-flags": { type: "string" },
    /** A folder on the disk whose acknowledgements are measured. */
    disk: { type: "string" },
  },
});

const print = (text: string) => void process.stdout.write(text);
print(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}\n`);
/** What is measured under a name of its own; everything else names parts of the measurement of chat. */
const benches: Readonly<Record<string, () => Promise<void>>> = {
  gateway: () => runGatewayBench(readGatewayOptions(values), print),
  workers: () => runWorkersBench(values, print),
  conversations: () => runConversationsBench(values, print),
  knowledge: () => runKnowledgeBench(values, print),
  "knowledge-vectors": () => runVectorsBench(values, print),
  speech: () => runSpeechBench(values, print),
  start: () => runStartBench(values, print),
  acknowledge: () => runAcknowledgeBench(values, print),
  redis: () => runRedisBench({ quick: values.quick, rounds: Number(values.rounds ?? 7) }, print),
};
const [first = "", ...rest] = positionals;
const bench = rest.length === 0 && Object.hasOwn(benches, first) ? benches[first] : undefined;
try {
  await buildProgram();
  await (bench === undefined ? runChatBench({ ...values, names: positionals }, print) : bench());
} catch (error) {
  if (!(error instanceof UnknownName)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}
