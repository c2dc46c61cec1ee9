import { expect, it } from "vitest";
import { createLagCount } from "./loop-lag.ts";

function setClock() {
  let now = 1000;
  let cpuMs = 0;
  const count = createLagCount({ now: () => now, cpuMs: () => cpuMs });
  return {
    count,
    turn(ms: number, workMs = ms) {
      now += ms;
      cpuMs += workMs;
      count.look();
    },
  };
}

it("is not late for one long turn, nor for turns that are as long as they should be", () => {
  const { count, turn } = setClock();
  turn(5_000);
  expect([count.lastMs(), count.isLate()]).toEqual([4_950, false]);
  for (let look = 0; look < 20; look++) turn(60);
  expect(count.isLate()).toBe(false);
});

it("is late when turns go on being long, and no longer with the first short one", () => {
  const { count, turn } = setClock();
  for (let look = 0; look < 3; look++) turn(300);
  expect(count.isLate()).toBe(false);
  turn(300);
  expect(count.isLate()).toBe(true);
  turn(50);
  expect([count.lastMs(), count.isLate()]).toEqual([0, false]);
});

it("does not take the machine's other work for its own", () => {
  const { count, turn } = setClock();
  for (let look = 0; look < 20; look++) turn(1_000, 100);
  expect(count.isLate()).toBe(false);
});
