import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { within } from "./within.ts";

it("takes an answer that arrived while the event loop was busy, and gives up one that did not arrive", async () => {
  const echo = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
  echo.stdin.write("are you there?");
  await once(echo.stdout, "data");

  const waiting = within(20, once(echo.stdout, "data"));
  echo.stdin.write("ping");
  // The loop is held for longer than the answer may take, which lies in the pipe by then.
  const until = performance.now() + 300;
  while (performance.now() < until);
  await expect(waiting).resolves.toEqual([Buffer.from("ping")]);

  await expect(within(20, once(echo.stdout, "data"))).rejects.toThrow("Command timed out");
  echo.stdin.end();
  await once(echo, "close");
});
