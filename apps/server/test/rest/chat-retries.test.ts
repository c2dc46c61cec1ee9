import { answer, fail, role, stall } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setChatStage, until } from "../callers/chat-stage.ts";
import { createRestCaller } from "../callers/rest-caller.ts";

const question = { message: "hi" };
const withKey = (key: string) => ({ accept: "text/event-stream", "idempotency-key": key });

async function readRefusal(response: Response) {
  const { error } = (await response.json()) as { error: string };
  const header = (name: string) => response.headers.get(name);
  return { status: response.status, code: header("x-error-code"), retryAfter: header("retry-after"), error };
}

describe("a request that is sent again with its Idempotency-Key", () => {
  it("is told to use another one where a stop interrupted the answer before its first word", async () => {
    await using first = await setChatStage({ upstream: { reply: { steps: [role(), stall()] } } });
    const { rest, conversationId } = await first.addConversation();
    const path = `/api/chat/${conversationId}`;
    const asking = rest.post(path, question, withKey("k1"));
    await until(() => first.upstream.calls.length === 1, "the upstream is asked");
    void first.backend.server.stopNow();
    // Whoever is still there is told that the server goes.
    expect((await asking).status).toBe(503);
    await first.backend.server.stop();

    await using second = await setChatStage({ backend: { folder: first.backend.folder } });
    const caller = createRestCaller(second.backend.url, rest.token);
    for (let time = 0; time < 2; time++) {
      const refusal = await readRefusal(await caller.post(path, question, withKey("k1")));
      expect(refusal).toMatchObject({ status: 409, code: "conflict", retryAfter: null });
      expect(refusal.error).toMatch(/interrupted.* before its first word.* another Idempotency-Key/s);
    }
    expect((await caller.get(path)).status).toBe(409);
    expect(second.upstream.calls).toHaveLength(0);
    second.upstream.enqueue(answer(["Here."]));
    expect(await (await caller.post(path, question, withKey("k2"))).text()).toContain("Here.");
  });

  it("is told the same where no upstream could answer, whichever row it was sent to", async () => {
    await using stage = await setChatStage();
    const { rest, conversationId } = await stage.addConversation();
    const path = `/api/chat/${conversationId}`;
    stage.upstream.enqueue(answer(["Here."]));
    await (await rest.post(path, question)).text();
    const branch = await rest.get(`/api/conversations/branch/${conversationId}`);
    const { messages } = (await branch.json()) as { messages: { id: string }[] };
    const rows = [
      [path, question],
      [`/api/chat/regenerate/${conversationId}`, { message_id: messages[1]?.id }],
      [`/api/chat/edit/${conversationId}`, { message_id: messages[0]?.id, message: "Hm" }],
    ] as const;
    for (const [index, [row, body]] of rows.entries()) {
      stage.upstream.setReply(fail(500));
      expect((await rest.post(row, body, withKey(`f${index}`))).status).toBe(502);
      const calls = stage.upstream.calls.length;
      const refusal = await readRefusal(await rest.post(row, body, withKey(`f${index}`)));
      expect(refusal).toMatchObject({ status: 409, code: "conflict" });
      expect(stage.upstream.calls.length).toBe(calls);
    }
  });
});
