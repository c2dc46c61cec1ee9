import { DomainError } from "@llm-backend/contract";
import { expect, it } from "vitest";
import { judgeFailure } from "./judge-failure.ts";

const settings = { triesMax: 5, retryMs: 1000, retryMsMax: 6000 };
const judge = (error: unknown, tries = 1) => judgeFailure(error, tries, settings);

it("waits twice as long with each try, and not longer than it may, and then no more", () => {
  const error = new DomainError("upstream_unavailable");
  expect([1, 2, 3, 4, 5].map((tries) => judge(error, tries).retryMs)).toEqual([
    1000,
    2000,
    4000,
    6000,
    undefined,
  ]);
});

it("waits as long as the upstream says where that is longer", () => {
  const toError = (retryAfterMs: number) =>
    new DomainError("upstream_rate_limited", undefined, { details: { retryAfterMs } });
  expect(judge(toError(60_000)).retryMs).toBe(60_000);
  expect(judge(toError(1)).retryMs).toBe(1000);
});

it.each([
  ["a document that cannot be read", new DomainError("document_unreadable")],
  ["a model that nobody serves", new DomainError("model_not_found")],
  ["vectors of another length", new DomainError("conflict")],
  [
    "an answer that is wrong",
    new DomainError("upstream_unavailable", "It is wrong.", {
      details: { issues: [{ path: "", message: "so" }] },
    }),
  ],
])("does not try %s again", (_what, error) => {
  expect(judge(error)).toMatchObject({
    retryMs: undefined,
    isInternal: false,
    failure: { code: error.code },
  });
});

it("tries a fault of its own a few times, and says nothing of it", () => {
  const verdicts = [1, 2, 3].map((tries) => judge(new Error("/secret/path"), tries));
  expect(verdicts.map(({ retryMs }) => retryMs)).toEqual([1000, 2000, undefined]);
  expect(verdicts[0]).toMatchObject({
    isInternal: true,
    failure: { code: "internal", message: "Internal error" },
  });
});
