import { createFakeUpstream, say, spawnBackend, stall } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { run } from "../cli/run-program.ts";

it("a call that the end of the drain cuts off ends with an error, and has a record", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say("Hel"), stall()] } });
  await using backend = await spawnBackend({
    upstreams: [upstream.url],
    config: { authorization: "t1", drain_seconds: 0.1 },
  });
  const response = await fetch(`${backend.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer t1", "content-type": "application/json" },
    body: JSON.stringify({ model: "m", stream: true, messages: [] }),
  });
  const exited = backend.kill("SIGTERM");
  const body = await response.text();
  expect(await exited).toBe(0);
  expect(body).toContain('"code":"shutting_down"');
  expect(body).not.toContain("[DONE]");
  // The folder of the backend has its configuration and its data.
  const { stdout } = await run(["records", "tail", "--no-follow", "--json"], { folder: backend.folder });
  expect(stdout).toContain('"shutting_down"');
});
