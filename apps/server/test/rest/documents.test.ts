import { existsSync } from "node:fs";
import { apiRoutes } from "@llm-backend/rest";
import { startBackend, type TestBackend } from "@llm-backend/testing";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, browserArguments, noBrowser } from "../callers/browser.ts";

let backend: TestBackend;

beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend[Symbol.asyncDispose]());

type Schema = { $ref?: string; properties?: Record<string, Schema>; items?: Schema; type?: string };
type Content = Record<string, { schema: Schema }>;
type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  security: Record<string, string[]>[];
  parameters: { name: string; in: string; required: boolean; description: string; schema: Schema }[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, { description: string; content?: Content }>;
};
type Document = {
  openapi: string;
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, unknown>; schemas: Record<string, Schema> };
};

const readDocument = async () => {
  const answer = await fetch(`${backend.url}/api/openapi.json`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Document;
};

const toTemplate = (path: string) => path.replaceAll(/:(\w+)/g, "{$1}");

function listRefs(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    name === "$ref" ? [String(field)] : listRefs(field),
  );
}

describe("the OpenAPI document", () => {
  it("names every call of the table, and no other", async () => {
    const { openapi, info, paths } = await readDocument();
    expect(openapi).toMatch(/^3\.1\.\d+$/);
    expect(info).toEqual({
      title: expect.any(String),
      version: expect.any(String),
      description: expect.any(String),
    });
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const mounted = apiRoutes.map((route) => `${route.method} ${toTemplate(route.path)}`);
    expect(documented.toSorted()).toEqual(mounted.toSorted());
  });

  it("has what the specification asks of each operation", async () => {
    const { paths, components } = await readDocument();
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, method, operation } of operations) {
      expect(operation.summary).toMatch(/./);
      expect(operation.tags).toHaveLength(1);
      const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      for (const parameter of operation.parameters) {
        expect(["path", "header", "query"]).toContain(parameter.in);
        if (parameter.in !== "query") expect(parameter.required).toBe(parameter.in === "path");
        expect(parameter.schema.type).toMatch(/^(integer|string)$/);
      }
      for (const requirement of operation.security) {
        for (const scheme of Object.keys(requirement))
          expect(components.securitySchemes).toHaveProperty(scheme);
      }
      expect(Object.keys(operation.responses).some((status) => status.startsWith("2"))).toBe(true);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[2-5]\d\d$/);
        expect(response.description).toMatch(/./);
      }
      if (method === "get") expect(operation.requestBody).toBeUndefined();
    }
    for (const ref of listRefs(await readDocument())) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(ref)?.[1] ?? "";
      expect(components.schemas).toHaveProperty(name);
    }
  });

  it("says of each call whether it takes a token, as the call does", async () => {
    const { paths } = await readDocument();
    for (const route of apiRoutes) {
      const operation = paths[toTemplate(route.path)]?.[route.method.toLowerCase()];
      expect(operation?.security).toEqual(route.access === "public" ? [] : [{ token: [] }]);
      const answer = await fetch(`${backend.url}${route.path.replace(/:\w+/, "1")}`, {
        method: route.method,
      });
      expect(answer.status === 401).toBe(route.access !== "public");
    }
  });

  it("is the same at every start", async () => {
    await using other = await startBackend();
    const text = await (await fetch(`${backend.url}/api/openapi.json`)).text();
    expect(await (await fetch(`${other.url}/api/openapi.json`)).text()).toBe(text);
  });
});

describe("the page of the documentation", () => {
  it("needs no script and loads nothing from elsewhere", async () => {
    const answer = await fetch(`${backend.url}/api/docs`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    const html = await answer.text();
    expect(html).not.toMatch(/<script|<link|<img|https?:\/\//);
    for (const route of apiRoutes) expect(html).toContain(`<code>${toTemplate(route.path)}</code>`);
  });

  it("is readable in a browser", { timeout: 60_000 }, async ({ skip }) => {
    skip(!existsSync(browserPath), noBrowser);
    const browser = await chromium.launch({ executablePath: browserPath, args: [...browserArguments] });
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.goto(`${backend.url}/api/docs`);
      expect(await page.title()).toContain("REST API");
      expect(await page.locator("section").count()).toBe(apiRoutes.length);
      expect(await page.locator("h1").isVisible()).toBe(true);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
