import { existsSync } from "node:fs";
import { startBackend, type TestBackend } from "@llm-backend/testing";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { browserArguments, browserPath, noBrowser } from "../callers/browser.ts";
import { createRestCaller, logIn, newUsername, password } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";

const readToken = (backend: TestBackend) => backend.server.setupUrl?.split("#")[1] ?? "";

const createFirstAdmin = (backend: TestBackend, setupToken: string, username = newUsername()) =>
  createTrpcCaller(backend.url).tryMutate("auth.createFirstAdmin", { setupToken, username, password });

const listAdmins = async (backend: TestBackend) =>
  (await backend.server.backend.services.users.list()).filter(({ role }) => role === "admin");

describe("the one-time link", () => {
  it("makes exactly one administrator, also when 50 try at once", async () => {
    await using backend = await startBackend();
    const token = readToken(backend);
    expect(token.length).toBeGreaterThanOrEqual(32);
    const answers = await Promise.all(Array.from({ length: 50 }, () => createFirstAdmin(backend, token)));
    const made = answers.filter(({ status }) => status === 200);
    expect(made).toHaveLength(1);
    expect(made[0]?.data).toMatchObject({ role: "admin" });
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(49);
    expect(await listAdmins(backend)).toHaveLength(1);
    expect((await createFirstAdmin(backend, token)).status).toBe(403);
  });

  it("is not used up by a wrong token, a name that is taken, or a password that is too short", async () => {
    await using backend = await startBackend();
    const token = readToken(backend);
    const { username } = await backend.server.backend.services.users.create({
      username: "taken",
      password,
      role: "user",
    });
    for (const wrong of ["", "x", `${token}x`, token.slice(0, -1), token.toUpperCase()]) {
      expect([400, 403]).toContain((await createFirstAdmin(backend, wrong)).status);
    }
    expect((await createFirstAdmin(backend, token, username)).status).toBe(409);
    const short = await createTrpcCaller(backend.url).tryMutate("auth.createFirstAdmin", {
      setupToken: token,
      username: newUsername(),
      password: "short",
    });
    expect(short.status).toBe(400);
    expect(await listAdmins(backend)).toHaveLength(0);
    expect((await createFirstAdmin(backend, token)).status).toBe(200);
  });

  it("is replaced at every start, and gone when there is an administrator", async () => {
    await using first = await startBackend();
    const old = readToken(first);
    await first.server.stop();
    {
      await using second = await startBackend({ folder: first.folder });
      expect(readToken(second)).not.toBe(old);
      expect((await createFirstAdmin(second, old)).status).toBe(403);
      expect((await createFirstAdmin(second, readToken(second))).status).toBe(200);
    }
    await using third = await startBackend({ folder: first.folder });
    expect(third.server.setupUrl).toBeUndefined();
  });

  it("is not told to anyone who asks", async () => {
    await using backend = await startBackend();
    const token = readToken(backend);
    for (const path of ["/", "/setup", "/api/docs", "/healthz", "/readyz", "/trpc/model.list"]) {
      expect(await (await createRestCaller(backend.url).get(path)).text()).not.toContain(token);
    }
  });
});

describe("the page behind the link", () => {
  it("makes the first administrator in a browser, once", { timeout: 60_000 }, async ({ skip }) => {
    skip(!existsSync(browserPath), noBrowser);
    await using backend = await startBackend();
    const url = backend.server.setupUrl ?? "";
    const browser = await chromium.launch({ executablePath: browserPath, args: [...browserArguments] });
    try {
      const complaints: string[] = [];
      const submit = async (username: string, given = password) => {
        const page = await browser.newPage();
        page.on("pageerror", (error) => complaints.push(String(error)));
        page.on("console", (message) => complaints.push(message.text()));
        await page.goto(url);
        await page.fill('input[name="username"]', username);
        await page.fill('input[name="password"]', given);
        await page.click("button");
        const output = page.locator("output");
        await output.filter({ hasText: /./ }).waitFor();
        return { page, text: await output.textContent() };
      };
      const refused = await submit("\u200b");
      expect(refused.text).toContain("username");
      const made = await submit("root");
      expect(made.text).toBe("Done. root is the administrator now.");
      expect(made.page.url()).toBe(`${backend.url}/setup`);
      const again = await submit("second");
      expect(again.text).toBe("The setup link is not valid, or was used already.");
      // A browser notes answers that are no success; nothing else went wrong.
      expect(complaints.filter((text) => !text.startsWith("Failed to load resource"))).toEqual([]);
    } finally {
      await browser.close();
    }
    expect((await listAdmins(backend)).map(({ username }) => username)).toEqual(["root"]);
    await logIn(backend.url, "root");
  });

  it("is kept by no cache and framed by no other page", async () => {
    await using backend = await startBackend();
    const { headers, status } = await createRestCaller(backend.url).get("/setup");
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toMatch(/frame-ancestors 'none'/);
    expect(headers.get("content-security-policy")).toMatch(/script-src 'sha256-[\w+/=]+'(;|$)/);
  });
});
