import { finish, role, say, wait } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setChatStage } from "../callers/chat-stage.ts";
import { createConversation, readHistory } from "../callers/rest-caller.ts";

const sse = { accept: "text/event-stream" };

describe("the limits of one user", () => {
  it("refuse a stream too many with 429, before anything is stored or asked", async () => {
    await using stage = await setChatStage({ backend: { config: { limits: { streams_per_user_max: 2 } } } });
    const user = await stage.addConversation();
    const path = `/api/chat/${user.conversationId}`;
    stage.upstream.enqueue({ steps: [role(), say("one"), wait("end"), finish()] });
    const first = await user.rest.post(path, { message: "hi" }, sse);
    const second = await user.rest.get(path, sse);
    const another = await createConversation(user.rest);
    const refusals = [
      await user.rest.post(`/api/chat/${another}`, { message: "hi" }, sse),
      await user.rest.get(path, sse),
    ];
    for (const refused of refusals) {
      expect(refused.status).toBe(429);
      expect(refused.headers.get("retry-after")).toBe("1");
      expect(await refused.json()).toEqual({ error: expect.stringContaining("2 streams") });
    }
    expect(await readHistory(user.rest, another)).toEqual([]);
    expect(stage.upstream.calls).toHaveLength(1);
    stage.upstream.open("end");
    expect(await first.text()).toContain("full_response");
    expect(await second.text()).toContain("full_response");
    // What has ended is not counted any more.
    expect((await user.rest.get(path, sse)).status).toBe(200);
  });

  it("refuse an answer too many with 429, and leave other users alone", async () => {
    await using stage = await setChatStage({ backend: { config: { limits: { runs_per_user_max: 2 } } } });
    const user = await stage.addUser();
    stage.upstream.setReply({ steps: [role(), say("one"), wait("end"), finish()] });
    const streams: Response[] = [];
    for (let index = 0; index < 2; index++) {
      streams.push(
        await user.rest.post(`/api/chat/${await createConversation(user.rest)}`, { message: "hi" }),
      );
    }
    const third = await createConversation(user.rest);
    const refused = await user.rest.post(`/api/chat/${third}`, { message: "hi" });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await readHistory(user.rest, third)).toEqual([]);
    const other = await stage.addConversation();
    const theirs = await other.rest.post(`/api/chat/${other.conversationId}`, { message: "hi" });
    expect(theirs.status).toBe(200);
    stage.upstream.open("end");
    await Promise.all([...streams, theirs].map((stream) => stream.text()));
    expect((await user.rest.post(`/api/chat/${third}`, { message: "hi" })).status).toBe(200);
  });

  it("refuse to line up too many answers of one conversation with 409", async () => {
    await using stage = await setChatStage({ backend: { config: { limits: { waiting_runs_max: 1 } } } });
    const user = await stage.addConversation();
    const path = `/api/chat/${user.conversationId}`;
    stage.upstream.setReply({ steps: [role(), say("one"), wait("end"), finish()] });
    const first = await user.rest.post(path, { message: "first" });
    await user.trpc.mutate("chat.send", {
      conversationId: user.conversationId,
      requestId: "second",
      message: "second",
    });
    const refused = await user.rest.post(path, { message: "third" });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toEqual({ error: expect.stringMatching(/./) });
    stage.upstream.open("end");
    await first.text();
    expect(
      (await readHistory(user.rest, user.conversationId)).map(({ content }) => content).slice(0, 3),
    ).toEqual(["first", "one", "second"]);
  });
});
