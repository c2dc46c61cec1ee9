// Runs the workspace on a machine that has only Node (>= 18) and npm: `node tools/run.mjs <task> [arguments]`.
// It installs with the pnpm that package.json pins, and runs everything on the Node that pnpm installed.
// Paths among the arguments are relative to the root of the workspace, which is where `npm run` starts it, too.
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root, run } from "./run/child.mjs";
import { install } from "./run/install.mjs";

const source = "--conditions=@llm-backend/source";
// What a stream waits with lives from one token to the next. In a smaller nursery it grows old before it dies, and waits for
// the large collections; a larger one costs more memory than it saves (docs/performance.md).
const serving = "--max-semi-space-size=16";

/** The Node of node_modules/.bin, where its package exists for this platform; else the one we run on. */
function findNode() {
  const pinned = join(root, "node_modules/.bin/node");
  if (existsSync(pinned)) return pinned;
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const least = Number(/\d+/.exec(engines.node)?.[0]);
  if (Number(process.versions.node.split(".")[0]) >= least) return process.execPath;
  console.error(`Needs Node ${engines.node}; this is ${process.version}.`);
  process.exit(1);
}

/** Runs a tool of the root's devDependencies by the script that its package names. */
const tool = (path, ...args) => run(findNode(), [`node_modules/${path}`, ...args]);
const node = (...args) => run(findNode(), args);

const tasks = {
  async start(...args) {
    await tasks.build();
    await node(serving, "apps/server/program/main.js", ...args);
  },
  async build() {
    await tool("typescript/bin/tsc", "-b", "apps/server");
    await node("tools/program/main.ts");
  },
  test: (...args) => node("tools/test-run/main.ts", ...args),
  dev: (...args) => node("--watch", serving, source, "apps/server/src/main.ts", ...args),
  bench: (...args) => node(source, "apps/bench/src/main.ts", ...args),
  prove: (...args) => node(source, "apps/bench/src/prove/main.ts", ...args),
  faults: (...args) => node(source, "tools/faults/main.ts", ...args),
  generate: (...args) => node(source, "tools/generate.ts", ...args),
  async lint(...args) {
    await tool("oxlint/bin/oxlint", ...args);
    await node("tools/check-layout/main.ts");
  },
  format: (...args) => tool("oxfmt/bin/oxfmt", ...args),
};

const [name, ...rest] = process.argv.slice(2);
// npm takes the `--` of `npm start -- --addr …` out; without npm it is still there.
const args = rest[0] === "--" ? rest.slice(1) : rest;
if (!Object.hasOwn(tasks, name ?? "")) {
  console.error(`usage: node tools/run.mjs ${Object.keys(tasks).join(" | ")} [arguments]`);
  process.exit(2);
}
await install(name);
// What runs below finds the same Node and the same tools by their names.
process.env.PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
await tasks[name](...args);
