import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createWorkerRelay, toSocketPath } from "../../src/workers/worker-relay.ts";
import { testRelay } from "./relay-suite.ts";

const onError = (error: unknown) => {
  throw error;
};

async function openPair() {
  const folder = await mkdtemp(join(tmpdir(), "relay-"));
  const here = createWorkerRelay({ owner: "w1", folder, onError });
  const there = createWorkerRelay({ owner: "w2", folder, onError });
  return {
    folder,
    here,
    there,
    owner: "w2",
    async [Symbol.asyncDispose]() {
      await here.close();
      await there.close();
      await rm(folder, { recursive: true });
    },
  };
}

describe("the relay between the workers of one machine", () => {
  testRelay(openPair);

  it("listens for its own user only", async () => {
    await using pair = await openPair();
    await pair.there.serve({
      openLog: () => undefined,
      stop: async () => {},
      start: () => Promise.reject(new Error("nothing is started here")),
      onSignal: () => {},
    });
    expect((await stat(toSocketPath(pair.folder, "w2"))).mode & 0o777).toBe(0o600);
  });
});
