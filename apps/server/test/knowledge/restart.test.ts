import { embedding, readTexts, wait, type Call, type Reply } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { hostTestMs, setHostStage, untilAtLast } from "../faults/host-stage.ts";
import { createBase, readDocument, send, untilSettled } from "./knowledge-stage.ts";

const paragraphs = Array.from(
  { length: 400 },
  (_, index) => `A paragraph that nobody has read yet, number ${index}.`,
);

function slowly(call: Call): Reply {
  const { steps, ...rest } = embedding()(call);
  return { ...rest, steps: [wait(50), ...(steps as readonly [])] };
}

it(
  "a server that is told to stop lets go of its documents, and goes on with them after it has started again",
  async () => {
    const knowledge = { embedding_model: "fake-embedder", passage_chars: 100 };
    await using stage = await setHostStage({ reply: slowly, config: { knowledge } });
    const baseId = await createBase(stage.trpc);
    const file = { name: "a.txt", content: paragraphs.join("\n\n") };
    const { doc_id: documentId } = await send(stage.user, baseId, file);
    await untilAtLast(() => stage.upstream.calls.length >= 2, "some of it is embedded");
    const stoppedAt = performance.now();
    expect(await stage.backend.kill("SIGTERM")).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
    const logged = stage.backend.logLines.filter((line) => line.includes('"level":50'));
    expect(logged).toEqual([]);
    // The process is gone: this one only starts the next.
    await stage.killAndRestart();
    const { passageCount } = await readDocument(stage.trpc, baseId, documentId);
    expect(await untilSettled(stage.trpc, baseId, documentId)).toMatchObject({
      state: "ready",
      failure: null,
    });
    const texts = stage.upstream.calls.reduce((sum, call) => sum + readTexts(call).length, 0);
    expect(texts).toBeLessThanOrEqual(passageCount + 128);
  },
  hostTestMs,
);
