import { describe, expect, it } from "vitest";
import { readFrameId, toLastFrameId } from "./frame-id.ts";

const runId = "run_01m8162cr78f5ff3q8t9eqs0ta";

describe("the id of a frame", () => {
  it("tells run, position, and whether anything follows", () => {
    expect(readFrameId(`${runId}:12`)).toEqual({ runId, eventId: `${runId}:12`, isLast: false });
    expect(readFrameId(toLastFrameId(`${runId}:12`))).toEqual({
      runId,
      eventId: `${runId}:12`,
      isLast: true,
    });
  });

  it.each([
    "",
    ".end",
    "end",
    runId,
    `${runId}.end`,
    `${runId}:1.end.end`,
    `${runId}:01`,
    `${runId}:-1`,
    `${runId}:1e3`,
    `${runId}:1.END`,
    ` ${runId}:1`,
    `${runId}:1\n`,
  ])("is not %j", (id) => {
    expect(readFrameId(id)).toBeUndefined();
  });
});
