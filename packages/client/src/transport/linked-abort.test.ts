import { expect, it } from "vitest";
import { createLinkedAbort } from "./linked-abort.ts";

it("follows whichever of its signals is aborted first, with its reason", () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const abort = createLinkedAbort([one.signal, undefined, null, two.signal]);
  two.abort("two");
  one.abort("one");
  expect(abort.signal.reason).toBe("two");
});

it("is aborted from the start where one of its signals is", () => {
  expect(createLinkedAbort([AbortSignal.abort("before")]).signal.reason).toBe("before");
});

it("follows nothing once it is released, and can still be aborted itself", () => {
  const controller = new AbortController();
  const abort = createLinkedAbort([controller.signal]);
  abort.release();
  controller.abort();
  expect(abort.signal.aborted).toBe(false);
  abort.abort("own");
  expect(abort.signal.reason).toBe("own");
});
