import { expect, it } from "vitest";
import { toDefaultName, toFreeName } from "./upstream-name.ts";

it("is what it was asked for, or the first free one behind it", () => {
  expect(toFreeName("a", new Set())).toBe("a");
  expect(toFreeName("a", new Set(["a"]))).toBe("a-2");
  expect(toFreeName("a", new Set(["a", "a-2", "a-4"]))).toBe("a-3");
});

it("is the host that the endpoint is at", () => {
  expect(toDefaultName("https://api.example/v1")).toBe("api.example");
  expect(toDefaultName("http://127.0.0.1:8080")).toBe("127.0.0.1:8080");
  expect(toDefaultName("nowhere")).toBe("upstream");
});
