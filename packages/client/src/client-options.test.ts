import { expect, it, vi } from "vitest";
import { toProcedureUrl } from "./client-options.ts";
import { createClient } from "./create-client.ts";

it.each([
  ["https://chat.example.org", "https://chat.example.org/trpc"],
  ["https://chat.example.org/", "https://chat.example.org/trpc"],
  ["https://chat.example.org/trpc/", "https://chat.example.org/trpc"],
  ["https://example.org/chat?x=1#y", "https://example.org/chat/trpc"],
  [new URL("http://localhost:8080"), "http://localhost:8080/trpc"],
])("finds the procedures of %s", (url, found) => {
  expect(toProcedureUrl(url).href).toBe(found);
});

it("takes a URL as relative to the page", () => {
  vi.stubGlobal("location", { href: "https://app.example.org/talk/42?x=1" });
  expect(toProcedureUrl("/").href).toBe("https://app.example.org/trpc");
  expect(toProcedureUrl("/backend").href).toBe("https://app.example.org/backend/trpc");
});

it("says what is missing where there is no WebSocket", () => {
  vi.stubGlobal("WebSocket", undefined);
  expect(() => createClient({ url: "http://localhost", transport: "websocket" })).toThrow(
    "pass one as `WebSocket`",
  );
});

it("is no promise: it can be returned from an async function", async () => {
  const client = createClient({ url: "http://localhost" });
  expect(await Promise.resolve(client)).toBe(client);
});
