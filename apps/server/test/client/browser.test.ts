import { existsSync } from "node:fs";
import { createHandDrivenReply, finish, say } from "@llm-backend/testing";
import type { Page as BrowserPage } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, noBrowser } from "../callers/browser.ts";
import { startBrowser, type BrowserStage } from "./browser-stage.ts";
import { setClientStage, transports } from "./client-stage.ts";

/** Waits until an element of the page says exactly this. */
async function shows(page: BrowserPage, id: "answer" | "state", text: string): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.querySelector(`#${wanted.id}`)?.textContent === wanted.text,
    { id, text },
    { polling: 20, timeout: 10_000 },
  );
}

describe.skipIf(!existsSync(browserPath))(
  "in a browser",
  { timeout: 60_000, meta: { skipReason: noBrowser } },
  () => {
    let browser: BrowserStage;
    beforeAll(async () => {
      browser = await startBrowser();
    }, 60_000);
    afterAll(() => browser[Symbol.asyncDispose]());

    it.each(transports)(
      "an answer over %s survives a reload, goes on at the character, and stops from another tab",
      async (transport) => {
        await using stage = await setClientStage();
        const { username } = await stage.addUser();
        const reply = createHandDrivenReply();
        stage.upstream.enqueue(reply.reply);
        const urls: string[] = [];
        browser.context.on("request", (request) => urls.push(request.url()));
        const url = browser.toPageUrl(stage.proxy.url, transport);
        const page = await browser.context.newPage();
        page.on("websocket", (socket) => urls.push(socket.url()));
        const problems: string[] = [];
        page.on("pageerror", (error) => problems.push(error.message));
        await page.goto(url);
        await page.evaluate(
          (name) => window.page.login({ username: name, password: "correct horse" }),
          username,
        );

        await page.evaluate(() => window.page.send("between-us"));
        reply.push(say("Once upon a time, "));
        await shows(page, "answer", "Once upon a time, ");
        await page.reload();
        reply.push(say("漢字 and 👩‍👩‍👧, "));
        await page.evaluate(() => window.page.resume());
        await shows(page, "answer", "Once upon a time, 漢字 and 👩‍👩‍👧, ");
        stage.proxy.cutAll();
        reply.push(say("there was "));
        await shows(page, "answer", "Once upon a time, 漢字 and 👩‍👩‍👧, there was ");

        const tab = await browser.context.newPage();
        await tab.goto(url);
        await tab.evaluate(() => window.page.resume());
        await shows(tab, "answer", "Once upon a time, 漢字 and 👩‍👩‍👧, there was ");
        await tab.evaluate(() => window.page.stop());
        await shows(page, "state", "run-stop");
        await shows(tab, "state", "run-stop");
        const call = stage.upstream.calls[0];
        expect((await call?.closed)?.by).toBe("client");
        expect(await page.textContent("#answer")).toBe("Once upon a time, 漢字 and 👩‍👩‍👧, there was ");

        const tokens = await page.evaluate(() => localStorage.getItem("llm-backend.session") ?? "");
        const { accessToken, refreshToken } = JSON.parse(tokens) as Record<string, string>;
        for (const secret of [accessToken, refreshToken, "between-us"]) {
          expect(urls.filter((requested) => requested.includes(String(secret)))).toEqual([]);
        }
        expect(problems).toEqual([]);
        expect(stage.upstream.calls).toHaveLength(1);
        await page.evaluate(() => localStorage.clear());
        await page.close();
        await tab.close();
      },
    );

    it("an answer is read to its end", async () => {
      await using stage = await setClientStage();
      const { username } = await stage.addUser();
      const reply = createHandDrivenReply();
      stage.upstream.enqueue(reply.reply);
      reply.push(say("All of it."), finish());
      const page = await browser.context.newPage();
      await page.goto(browser.toPageUrl(stage.backend.url, "sse"));
      await page.evaluate(
        (name) => window.page.login({ username: name, password: "correct horse" }),
        username,
      );
      await page.evaluate(() => window.page.send("Hello"));
      await shows(page, "state", "run-done");
      expect(await page.textContent("#answer")).toBe("All of it.");
      await page.close();
    });

    it("the client is small", () => {
      expect(browser.scriptBytes).toBeLessThan(60_000);
    });
  },
);
