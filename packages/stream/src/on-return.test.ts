import { expect, it, vi } from "vitest";
import { onReturn } from "./on-return.ts";

it("tells at once that the generator is returned, also while it waits", async () => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const cleanUp = vi.fn<() => void>();
  async function* waiting(): AsyncGenerator<string, void> {
    try {
      const item = await promise;
      if (item !== undefined) yield item;
    } finally {
      cleanUp();
    }
  }
  const generator = onReturn(waiting(), () => resolve(undefined));
  const pending = generator.next();
  await expect(generator.return()).resolves.toEqual({ done: true, value: undefined });
  await expect(pending).resolves.toEqual({ done: true, value: undefined });
  expect(cleanUp).toHaveBeenCalledOnce();
});

it("hears of a loop that is left early, and of the end of an `await using`", async () => {
  async function* numbers(): AsyncGenerator<number, void> {
    for (let number = 0; ; number++) yield number;
  }
  const leave = vi.fn<() => void>();
  for await (const number of onReturn(numbers(), leave)) if (number === 2) break;
  expect(leave).toHaveBeenCalledTimes(1);
  {
    await using generator = onReturn(numbers(), leave);
    await generator.next();
  }
  expect(leave).toHaveBeenCalledTimes(2);
});
