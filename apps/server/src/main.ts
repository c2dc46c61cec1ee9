#!/usr/bin/env -S node --max-semi-space-size=8
const nodeMajorMin = 24;

// Looked at before anything else is loaded: with an older Node the database's native part ends the process.
if (Number(process.versions.node.split(".")[0]) < nodeMajorMin) {
  process.stderr.write(
    `llm-backend: needs Node ${nodeMajorMin} or newer, and this is ${process.version}; ` +
      "npm start and node_modules/.bin/node use the right one\n",
  );
  process.exit(1);
}
const { runCli } = await import("./cli/run-cli.ts");
process.exitCode = await runCli(process.argv.slice(2));
