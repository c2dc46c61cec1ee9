import type { JobEvent, KnowledgeHits } from "@llm-backend/contract";
import { expect, it } from "vitest";
import { registerUser } from "../callers/rest-caller.ts";
import { openCallersAtBoth, startTwoWorkers } from "../workers/worker-stage.ts";
import { createBase, send } from "./knowledge-stage.ts";

it("finds in each process what was brought to one of them", { timeout: 60_000 }, async () => {
  await using workers = await startTwoWorkers();
  const user = await registerUser(workers.backend.url);
  using callers = await openCallersAtBoth(workers.backend, user);
  const baseId = await createBase(callers.here[0]);
  for (const name of ["a.txt", "b.txt", "c.txt"])
    await send(user, baseId, { name, content: `Apples of ${name} are red.` });
  for (const trpc of [callers.here[0], callers.there[0]]) {
    const events: JobEvent[] = [];
    for await (const item of trpc.subscribe("knowledge.jobs", { baseId, until: "idle" }))
      if (item.kind === "event") events.push(item.event as unknown as JobEvent);
    expect(events[0]?.type).toBe("jobs");
    const found = await trpc.query<KnowledgeHits>("knowledge.search", {
      text: "red apples",
      baseIds: [baseId],
    });
    expect(found.passages.map(({ documentName }) => documentName).toSorted()).toEqual([
      "a.txt",
      "b.txt",
      "c.txt",
    ]);
  }
});
