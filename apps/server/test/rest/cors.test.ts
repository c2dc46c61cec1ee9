import { finish, role, say } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, type ChatStage } from "../callers/chat-stage.ts";
import { createRestCaller } from "../callers/rest-caller.ts";

let stage: ChatStage;

beforeAll(async () => {
  stage = await setChatStage({ upstream: { reply: { steps: [role(), say("hi"), finish()] } } });
});
afterAll(() => stage[Symbol.asyncDispose]());

const origin = "https://app.example.com";

describe("a page of any origin", () => {
  it.each([
    ["/api/users/login", "POST", "content-type"],
    ["/api/conversations/list", "GET", "authorization"],
    ["/api/chat/1", "POST", "authorization,content-type,last-event-id,idempotency-key"],
    ["/api/chat/1/", "POST", "authorization,content-type"],
    ["/trpc/chat.send", "POST", "authorization,content-type"],
  ])("may ask whether it may call %s with %s and %s", async (path, method, headers) => {
    const answer = await fetch(`${stage.backend.url}${path}`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": method, "access-control-request-headers": headers },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-methods")?.split(/, ?/)).toContain(method);
    expect(answer.headers.get("access-control-allow-headers")?.split(/, ?/)).toEqual(headers.split(","));
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(await answer.text()).toBe("");
  });

  it("may read answers, errors and streams", async () => {
    const user = await stage.addConversation();
    const stranger = createRestCaller(stage.backend.url);
    const answers = [
      await user.rest.get("/api/conversations/list", { origin }),
      await stranger.get("/api/conversations/list", { origin }),
      await user.rest.post(`/api/chat/${user.conversationId}`, { message: "hi" }, { origin }),
      await user.rest.get("/api/nothing", { origin }),
      await fetch(`${stage.backend.url}/trpc/auth.me`, { headers: { origin } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 404, 401]);
    for (const answer of answers) {
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      expect(answer.headers.get("access-control-expose-headers")).toContain("retry-after");
      await answer.text();
    }
  });
});

describe("a list of origins", () => {
  it("lets the named ones in and no other", async () => {
    await using strict = await setChatStage({ backend: { config: { cors: { origins: [origin] } } } });
    const ask = (from: string) =>
      fetch(`${strict.backend.url}/api/conversations/list`, {
        method: "OPTIONS",
        headers: { origin: from, "access-control-request-method": "GET" },
      });
    const named = await ask(origin);
    expect(named.headers.get("access-control-allow-origin")).toBe(origin);
    expect(named.headers.get("vary")?.toLowerCase()).toContain("origin");
    for (const from of ["https://evil.example.com", "null", `${origin}.evil.com`]) {
      expect((await ask(from)).headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});

describe("every answer", () => {
  it("forbids sniffing, framing and referrers, names its request, and says nothing of what it runs on", async () => {
    const user = await stage.addConversation();
    const paths = [
      "/",
      "/setup",
      "/healthz",
      "/readyz",
      "/api/docs",
      "/api/openapi.json",
      "/api/nothing",
      "/trpc/auth.me",
    ];
    for (const path of paths) {
      const { headers } = await user.rest.get(path);
      const names = [
        "x-content-type-options",
        "referrer-policy",
        "content-security-policy",
        "x-request-id",
        "server",
        "x-powered-by",
      ];
      expect([path, ...names.map((name) => headers.get(name))]).toEqual([
        path,
        "nosniff",
        "no-referrer",
        expect.stringContaining("default-src 'none'"),
        expect.stringMatching(/^req_/),
        null,
        null,
      ]);
    }
  });
});
