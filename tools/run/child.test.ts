import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";

const runner = new URL("child.mjs", import.meta.url).href;

/** A process that runs a script as its child, in the way of tools/run.mjs, and then says that it goes on. */
function runScript(script: string) {
  const program = `const { run } = await import("${runner}");
    await run(process.execPath, ["-e", ${JSON.stringify(script)}]);
    process.stdout.write("went on\\n");`;
  const runs = spawn(process.execPath, ["--input-type=module", "-e", program]);
  const output = { text: "" };
  runs.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output.text += chunk;
  });
  return { runs, output, ended: once(runs, "close").then(([code]) => Number(code)) };
}

it("goes on after a child that ends well", async () => {
  const { output, ended } = runScript("");
  expect(await ended).toBe(0);
  expect(output.text).toBe("went on\n");
});

it("ends with the code of a child that fails", async () => {
  const { output, ended } = runScript("process.exit(3)");
  expect(await ended).toBe(3);
  expect(output.text).toBe("");
});

it("ends with 130 when its child was killed", async () => {
  const { ended } = runScript("process.kill(process.pid, 'SIGKILL')");
  expect(await ended).toBe(130);
});

it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "hands %s on, as often as it comes, and waits for its child to end in its own way",
  async (signal) => {
    const { runs, output, ended } = runScript(`
      let times = 0;
      process.on("${signal}", () => {
        process.stdout.write(++times + "\\n");
        if (times === 2) process.exit(0);
      });
      setInterval(() => {}, 1000);
      process.stdout.write("ready\\n");`);
    for (const line of ["ready\n", "1\n"]) {
      while (!output.text.endsWith(line)) await once(runs.stdout, "data");
      runs.kill(signal);
    }
    expect(await ended).toBe(0);
    expect(output.text).toBe("ready\n1\n2\nwent on\n");
  },
);
