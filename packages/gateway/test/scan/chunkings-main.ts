import { runChunkings } from "./chunkings.ts";

// By hand: `node --conditions=@llm-backend/source packages/gateway/test/scan/chunkings-main.ts 1000000 7`
const [count = "1000000", seed = "1"] = process.argv.slice(2);
const wrong = runChunkings(Number(count), Number(seed));
process.stdout.write(`${wrong ?? `${count} chunkings, none of them different`}\n`);
process.exitCode = wrong === undefined ? 0 : 1;
