import { existsSync } from "node:fs";
import { createHandDrivenReply, finish, role, say, stall, wait } from "@llm-backend/testing";
import type { Page as BrowserPage } from "playwright-core";
import { describe, expect, it } from "vitest";
import { browserPath, noBrowser } from "../callers/browser.ts";
import { until } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { followRun, toText } from "../chat/read-run.ts";
import { startBrowser } from "../client/browser-stage.ts";
import { setClientStage as setTypedClientStage } from "../client/client-stage.ts";
import { setClientStage } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";

const perUser = 8;
const tabs = 8;
const tries = isFullSize ? 200 : 40;

describe("C26: one user opens many streams", () => {
  it("C26: so many are served, the others are told when to come again, and nobody else notices", async () => {
    await using stage = await setClientStage({
      reply: { steps: [role(), say("Half"), wait("rest"), say(" more"), finish()] },
      config: { limits: { streams_per_user_max: perUser } },
    });
    const user = await stage.addUser();
    const { runId } = await stage.send(user);
    const path = `/api/chat/${user.conversationId}`;
    const opened = await Promise.all(Array.from({ length: tries }, () => user.rest.get(path)));
    const refused = opened.filter(({ status }) => status === 429);
    expect(opened.filter(({ status }) => status === 200)).toHaveLength(perUser);
    expect(refused).toHaveLength(tries - perUser);
    for (const answered of refused) {
      expect(Number(answered.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await answered.json()).toEqual({ error: expect.stringContaining("streams") });
    }
    // On the other faces they count as well.
    for await (const item of user.trpc.subscribe("chat.follow", { runId }))
      expect(item).toMatchObject({
        kind: "error",
        error: { data: { reason: "rate_limited", retryable: true } },
      });
    await using socket = await openSocketCaller(stage.backend.url, user.rest.token);
    for await (const item of socket.subscribe("chat.follow", { runId }))
      expect(item).toMatchObject({ kind: "error", error: { data: { reason: "rate_limited" } } });
    const other = await stage.addUser();
    const theirs = await stage.send(other);
    stage.upstream.open("rest");
    expect(toText(await followRun(other.trpc, theirs.runId))).toBe("Half more");
    for (const answered of opened.filter(({ status }) => status === 200))
      expect(await answered.text()).toContain("full_response");
    // Their places are free again.
    expect((await user.rest.get(path)).status).toBe(200);
    await stage.judge();
  });

  it("C26: one user asks for many answers: so many are made at once", async () => {
    await using stage = await setClientStage({
      reply: { steps: [role(), stall()] },
      config: { limits: { runs_per_user_max: perUser } },
    });
    const user = await stage.addUser();
    const conversations = await Promise.all(
      Array.from({ length: 20 }, () => createConversation(user.rest, { model: "fake-model" })),
    );
    const asked = await Promise.all(
      conversations.map((conversationId, index) =>
        user.trpc.tryMutate("chat.send", { conversationId, requestId: `many-${index}`, message: "Hi" }),
      ),
    );
    expect(asked.filter(({ status }) => status === 200)).toHaveLength(perUser);
    for (const { status, headers } of asked.filter((one) => one.status !== 200)) {
      expect(status).toBe(429);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
    const runs = asked.flatMap(({ data }) => (data as { runId?: string } | undefined)?.runId ?? []);
    await Promise.all(runs.map((runId) => user.trpc.mutate("chat.stop", { runId })));
    await stage.judge();
  });
});

async function shows(page: BrowserPage, id: "answer" | "state", text: string): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.querySelector(`#${wanted.id}`)?.textContent === wanted.text,
    { id, text },
    { polling: 20, timeout: 10_000 },
  );
}

describe.skipIf(!existsSync(browserPath))(
  "C26: eight tabs of one browser",
  { timeout: 60_000, meta: { skipReason: noBrowser } },
  () => {
    it("C26: follow an answer each, and none of them is kept waiting by the others", async () => {
      await using browser = await startBrowser();
      await using stage = await setTypedClientStage();
      const { username } = await stage.addUser();
      const url = browser.toPageUrl(stage.backend.url, "websocket");
      const first = await browser.context.newPage();
      await first.goto(url);
      await first.evaluate(
        (name) => window.page.login({ username: name, password: "correct horse" }),
        username,
      );
      const reply = createHandDrivenReply();
      stage.upstream.enqueue(reply.reply);
      await first.evaluate(() => window.page.send("Hello"));
      reply.push(say("Once upon a time, "));
      await shows(first, "answer", "Once upon a time, ");
      const others: BrowserPage[] = [];
      // A browser opens no more than six connections of HTTP/1.1 to one host, all tabs together.
      while (others.length < tabs - 1) {
        const tab = await browser.context.newPage();
        others.push(tab);
        await tab.goto(url);
        await tab.evaluate(() => window.page.resume());
        await shows(tab, "answer", "Once upon a time, ");
      }
      reply.push(say("the end."), finish());
      await until(() => stage.upstream.calls.length === 1, "one answer for all of them");
      for (const page of [first, ...others]) {
        await shows(page, "state", "run-done");
        expect(await page.textContent("#answer")).toBe("Once upon a time, the end.");
      }
    });
  },
);
