import { expect, test } from "vitest";
import { runChunkings } from "./chunkings.ts";

test("U20 to U23: 100,000 random chunkings give what the plain parser gives", { timeout: 60_000 }, () => {
  expect(runChunkings(100_000, 1)).toBeUndefined();
});
