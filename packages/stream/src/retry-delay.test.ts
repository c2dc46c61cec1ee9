import { expect, it } from "vitest";
import { chooseRetryMs } from "./retry-delay.ts";

it("spreads readers over four seconds, and sends none of them back at once", () => {
  expect([0, 0.5, 0.999_999].map((chance) => chooseRetryMs(() => chance))).toEqual([1000, 3000, 4999]);
});
