import { isTerminalEvent, type RunEvent } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { tracked } from "@trpc/server";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame } from "./frame-form.ts";
import { begin, toFrames } from "./run-frames.ts";

const runId = "run_01m8162cr78f5ff3q8t9eqs0ta";
const start: RunEvent = {
  type: "run-start",
  runId,
  conversationId: 1,
  assistantMessageId: "msg_01m8162cr78f5ff3q8t9eqs0ta",
  model: "m",
};
const done: RunEvent = { type: "run-done", finishReason: "stop", model: "m" };
const failure: RunEvent = {
  type: "run-error",
  code: "upstream_timeout",
  message: "Too slow.",
  retryable: true,
};

/** Nobody is asked for the whole answer where a stream is read from its beginning. */
const nobody = {} as Caller;

async function* yieldEvents(events: readonly RunEvent[]) {
  let position = 0;
  for (const event of events) {
    position += "text" in event ? event.text.length : 1;
    yield tracked(`${runId}:${position}`, event);
  }
}

async function readFrames(events: readonly RunEvent[]): Promise<(typeof begin | Frame)[]> {
  const frames = [];
  for await (const frame of toFrames(nobody, { events: yieldEvents(events), lastEventId: undefined }))
    frames.push(frame);
  return frames;
}

const text = (piece: string): RunEvent => ({ type: "text-delta", text: piece });
const thought: RunEvent = { type: "reasoning-delta", text: "hm" };

describe("toFrames", () => {
  it("begins with the first content, even if it is only a thought", async () => {
    const frames = await readFrames([start, thought, text("a"), done]);
    expect(frames.map((frame) => (frame === begin ? "begin" : frame.event))).toEqual([
      "begin",
      "message",
      "done",
      "full_response",
    ]);
  });

  it("fails before it begins where the answer never did", async () => {
    await expect(readFrames([start, failure])).rejects.toMatchObject({
      code: "upstream_timeout",
      message: "Too slow.",
    });
    await expect(readFrames([start, { type: "run-stop" }])).rejects.toMatchObject({ code: "overloaded" });
    await expect(readFrames([start, { type: "run-interrupt" }])).rejects.toMatchObject({
      code: "shutting_down",
    });
  });

  it("does not mind a reset of what nobody was sent", async () => {
    const frames = await readFrames([start, { type: "answer-reset" }, text("b"), done]);
    expect(frames.at(-1)).toMatchObject({ event: "full_response", data: "b" });
  });

  it("ends with an error where what was sent is void", async () => {
    const frames = await readFrames([start, text("a"), { type: "answer-reset" }, text("b"), done]);
    expect(frames.at(-1)).toMatchObject({ event: "error", id: `${runId}:3.end` });
  });

  it("ends with exactly one ending, whatever a run says", async () => {
    const event = fc.oneof(
      fc.string({ minLength: 1, unit: "binary" }).map(text),
      fc.constantFrom<RunEvent>(thought, { type: "answer-reset" }),
    );
    const ending = fc.constantFrom<RunEvent>(done, failure, { type: "run-stop" }, { type: "run-interrupt" });
    await fc.assert(
      fc.asyncProperty(fc.array(event), ending, async (events, last) => {
        const frames = await readFrames([start, ...events, last]).catch(() => undefined);
        if (frames === undefined) {
          expect(last.type).not.toBe("run-done");
          expect(isTerminalEvent(last)).toBe(true);
          return;
        }
        expect(frames.filter((frame) => frame === begin)).toHaveLength(1);
        expect(frames[0]).toBe(begin);
        const named = frames.slice(1) as Frame[];
        const pieces = named.filter((frame) => frame.event === "message").map(({ data }) => data);
        const rest = named.filter((frame) => frame.event !== "message");
        if (rest[0]?.event === "error") {
          expect(rest).toHaveLength(1);
        } else {
          expect(rest.map((frame) => frame.event)).toEqual(["done", "full_response"]);
          expect(rest[1]?.data).toBe(pieces.join(""));
        }
        expect(named.at(-1)?.id).toMatch(/\.end$/);
      }),
    );
  });
});
