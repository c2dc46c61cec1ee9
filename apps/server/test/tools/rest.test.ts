import { afterAll, beforeAll, expect, it } from "vitest";
import type { StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { calling, done, listTools, program, setToolStage, type ToolStage } from "./tool-stage.ts";

let stage: ToolStage;
let user: StageUser;
beforeAll(async () => {
  stage = await setToolStage({ servers: { box: program({ tools: { allow: ["echo"] } }) } });
  user = await stage.addUser();
  await listTools(user);
});
afterAll(() => stage[Symbol.asyncDispose]());

const send = (method: string, path: string, body?: unknown) =>
  fetch(`${stage.backend.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${user.rest.token}`,
      accept: "application/x-ndjson",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

it("a caller of the REST face lists tools, switches them on, sees calls, and allows them", async () => {
  const listed = (await (await send("GET", "/api/tools")).json()) as { name: string; permission: string }[];
  expect(listed).toMatchObject([{ name: "box__echo", server: "box", permission: "ask", title: "Echo" }]);
  const id = await createConversation(user.rest);
  expect((await send("POST", `/api/conversations/update/${id}`, { tools: ["box__echo"] })).status).toBe(200);
  stage.upstream.enqueue(calling(["box__echo", { text: "hi" }]), done);
  const response = await send("POST", `/api/chat/${id}`, { message: "Go!" });
  const history = await user.trpc.query<{ messages: { run: { runId: string } | null }[] }>(
    "conversation.history",
    { conversationId: id },
  );
  const runId = history.messages.at(-1)?.run?.runId ?? "";
  const frames: { event: string; data: string }[] = [];
  let rest = "";
  for await (const bytes of response.body ?? []) {
    const lines = `${rest}${Buffer.from(bytes as Uint8Array).toString()}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const frame = JSON.parse(line) as { event: string; data: string };
      frames.push(frame);
      if (frame.event !== "tool_permission") continue;
      const { call_id } = JSON.parse(frame.data) as { call_id: string };
      const said = await send("POST", "/api/tools/allow", { run_id: runId, call_id, decision: "always" });
      expect(said.status).toBe(200);
    }
  }
  expect(frames.map(({ event }) => event).filter((event) => event !== "message")).toEqual([
    "tool_call",
    "tool_permission",
    "tool_result",
    "done",
    "full_response",
  ]);
  expect(frames.at(-1)?.data).toBe("All done.");
  const known = (await (await send("GET", "/api/tools")).json()) as { permission: string }[];
  expect(known[0]?.permission).toBe("always");
  const forgotten = await send("POST", "/api/tools/permission", { name: "box__echo", permission: "ask" });
  expect(await forgotten.json()).toEqual({ name: "box__echo", permission: "ask" });
});
