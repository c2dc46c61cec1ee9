import { answer, createFakeUpstream, fail } from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import { ask, openGateway } from "./ask-gateway.ts";

test("sends an own key to the model's provider and to nobody else", async () => {
  await using provider = await createFakeUpstream({ reply: answer("from the provider") });
  await using upstream = await createFakeUpstream();
  await using under = openGateway([upstream], {
    providers: [{ name: "mine", prefixes: ["my-"], endpoint: provider.url }],
  });
  const { text, outcome } = await ask(under.gateway, { model: "My-model", providerKey: "own-key-1234" });
  expect(text).toBe("from the provider");
  expect(outcome?.upstream).toBe("mine");
  expect(provider.calls[0]?.headers["authorization"]).toBe("Bearer own-key-1234");
  expect(upstream.calls).toHaveLength(0);
});

test("asks no upstream of the server when the provider fails", async () => {
  await using provider = await createFakeUpstream({ reply: fail(500) });
  await using upstream = await createFakeUpstream();
  await using under = openGateway([upstream], {
    providers: [{ name: "mine", prefixes: ["my-"], endpoint: provider.url }],
  });
  const { error } = await ask(under.gateway, { model: "my-model", providerKey: "own-key-1234" });
  expect(error?.code).toBe("upstream_unavailable");
  expect(upstream.calls).toHaveLength(0);
});

test("names the model and what the operator can do when its provider is not known", async () => {
  await using under = openGateway([]);
  const { error } = await ask(under.gateway, { model: "strange-1", providerKey: "k" });
  expect(error?.code).toBe("invalid_input");
  expect(error?.message).toContain("“strange-1”");
  expect(error?.message).toContain("`providers:`");
});

test("lets an operator's provider replace a built-in one", async () => {
  await using proxy = await createFakeUpstream({ reply: answer("through the proxy") });
  await using under = openGateway([], {
    providers: [{ name: "openai", prefixes: ["gpt"], endpoint: proxy.url }],
  });
  expect((await ask(under.gateway, { model: "gpt-5", providerKey: "k" })).text).toBe("through the proxy");
});
