import { answer, createFakeUpstream, fail, stall, wait, type Step } from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import { ask, openGateway } from "./ask-gateway.ts";
import { forward } from "./forward/forward-stage.ts";

test("all attempts together end with the deadline, whatever the clocks of each would allow", async () => {
  await using silent = await createFakeUpstream({ reply: { steps: [stall()] } });
  await using second = await createFakeUpstream({ reply: answer("late") });
  await using under = openGateway([silent, second], { deadlineMs: 120 });
  const startedAt = performance.now();
  const { error } = await ask(under.gateway);
  expect(error?.code).toBe("upstream_timeout");
  // Far below the three seconds of each clock.
  expect(performance.now() - startedAt).toBeLessThan(1500);
  expect(second.calls).toHaveLength(0);
  expect((await forward(under.gateway)).result.error?.code).toBe("upstream_timeout");
});

test("the deadline holds over both askings of an upstream that is asked in another form", async () => {
  const { steps, ...refusal } = fail(400, { error: { message: "Unknown field: stream_options" } });
  const replies = [{ ...refusal, steps: [wait(900), ...(steps as Step[])] }, { steps: [stall()] }];
  await using slow = await createFakeUpstream({ reply: () => replies.shift() ?? answer("late") });
  await using under = openGateway([slow], { deadlineMs: 1000 });
  const startedAt = performance.now();
  await ask(under.gateway);
  expect(slow.calls).toHaveLength(2);
  expect(performance.now() - startedAt).toBeLessThan(1700);
});
