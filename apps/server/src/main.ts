#!/usr/bin/env -S node --max-semi-space-size=16
import module from "node:module";
import { fileURLToPath } from "node:url";

const nodeMajorMin = 24;

// Looked at before anything else is loaded: with an older Node the database's native part ends the process.
if (Number(process.versions.node.split(".")[0]) < nodeMajorMin) {
  process.stderr.write(
    `llm-backend: needs Node ${nodeMajorMin} or newer, and this is ${process.version}; ` +
      "npm start and node_modules/.bin/node use the right one\n",
  );
  process.exit(1);
}
// What names a prototype in somebody's input reaches none, whatever copies it: the accessor is not there. The same as
// node's `--disable-proto=delete`, for every way in which the program is started.
Reflect.deleteProperty(Object.prototype, "__proto__");
// What Node has compiled is kept beside the program, so that the next process is ready sooner: in a place that only whoever
// installed it can write, never in one that others share. Where nothing can be written it goes without.
module.enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url)));
const { runCli } = await import("./cli/run-cli.ts");
// How long what is left may keep a server that has ended: a log that nobody reads would, for ever. The timer fires only
// where there is something left. What any other command prints waits for its reader, however slow that one is.
const endMs = 500;
process.exitCode = await runCli(process.argv.slice(2), {
  onServed: () => setTimeout(() => process.exit(), endMs).unref(),
});
