import { expect, test } from "vitest";
import { openPool, orderOf, send, upstreamOf } from "./open-pool.ts";

test("asks those that serve the model, as listed, and nobody twice", () => {
  const under = openPool([
    upstreamOf("named", { models: ["m"] }),
    upstreamOf("other", { models: ["n"] }),
    upstreamOf("pattern", { models: ["x", "m*"] }),
    upstreamOf("all"),
  ]);
  expect(orderOf(under)).toEqual(["named", "pattern", "all"]);
  expect(send(under)).toEqual(["named"]);
});
