import { answer, createFakeUpstream, stall } from "@llm-backend/testing/fake-upstream";
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
