import { describe, expect, it } from "vitest";
import { findProblems, type TextSources } from "./config-text.ts";

/** [where it was said, the path of the mistake, what the message says of it] */
const wrongSources: readonly (readonly [TextSources, string, string])[] = [
  [{ settings: { LLM_BACKEND_ADDR: "nowhere" } }, "LLM_BACKEND_ADDR", 'got "nowhere"'],
  [{ settings: { LLM_BACKEND_JWT_SECRET: "hunter2" } }, "LLM_BACKEND_JWT_SECRET", "is shorter than 16 bytes"],
  [
    { settings: { LLM_BACKEND_JWT_SECRET: "S3cureK3y#2024!AIsafety" } },
    "LLM_BACKEND_JWT_SECRET",
    "is a sample",
  ],
  [{ settings: { LLM_BACKEND_MASTER_KEY: "hunter2" } }, "LLM_BACKEND_MASTER_KEY", "must be 32 bytes"],
  [{ settings: { LLM_BACKEND_LOG_LEVEL: "loud" } }, "LLM_BACKEND_LOG_LEVEL", "expected one of trace"],
  [{ settings: { LLM_BACKEND_DRAIN_SECONDS: "soon" } }, "LLM_BACKEND_DRAIN_SECONDS", 'got "soon"'],
  [{ settings: { FEISHU_WEBHOOK: "hunter22" } }, "FEISHU_WEBHOOK", "must be an http(s) URL"],
  [{ settings: { MATRIX_API: "hunter22" } }, "MATRIX_API", "must be an http(s) URL"],
  [{ flags: { addr: "1:2:3" } }, "--addr", "expected a port or host:port"],
  [{ flags: { logLevel: "loud" } }, "--log-level", "expected one of trace"],
  [{ flags: { database: "postgres://h/db" } }, "--database", "Postgres is not supported"],
  [{ flags: { data: "" } }, "--data", "expected the path of a folder"],
];

describe("a wrong variable or flag", () => {
  it.each(wrongSources)("is refused by its own name: %j", (sources, path, message) => {
    const problems = findProblems("data: ./data", sources);
    expect(problems).toEqual([{ path, message: expect.stringContaining(message) }]);
  });
});
