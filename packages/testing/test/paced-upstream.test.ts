import { expect, test } from "vitest";
import { answer, createPacedUpstream, startFakeUpstreamProcess } from "../src/index.ts";
import { chatRequest, openRaw } from "./raw-client.ts";

const contentOf = (received: string) =>
  [
    ...Buffer.from(received, "latin1")
      .toString()
      .matchAll(/"content":"([^"]*)"/g),
  ]
    .map(([, text]) => text)
    .join("");

test("bursts the whole answer, as often as it is asked", async () => {
  await using upstream = await createPacedUpstream({ tokens: 50, textChars: 6 });
  using client = openRaw(upstream.port, chatRequest());
  await client.until((received) => received.endsWith("0\r\n\r\n"));
  expect(contentOf(client.received())).toBe(upstream.text);
  client.socket.write(chatRequest());
  await client.until((received) => received.split("[DONE]").length === 3);
  expect(contentOf(client.received())).toBe(upstream.text + upstream.text);
});

test("paces the answer", async () => {
  await using upstream = await createPacedUpstream({ tokens: 20, tokensPerSecond: 200, firstTokenMs: 5 });
  const started = performance.now();
  using client = openRaw(upstream.port, chatRequest());
  await client.until((received) => received.endsWith("0\r\n\r\n"));
  expect(contentOf(client.received())).toBe(upstream.text);
  expect(performance.now() - started).toBeGreaterThan(80);
  expect(client.reads.length).toBeGreaterThan(5);
});

test("answers in one piece when no stream is asked for", async () => {
  await using upstream = await createPacedUpstream({ tokens: 3 });
  const response = await fetch(`${upstream.url}/chat/completions`, { method: "POST", body: "{}" });
  const completion = (await response.json()) as { choices: { message: { content: string } }[] };
  expect(completion.choices[0]?.message.content).toBe(upstream.text);
});

test("runs as a process of its own, paced or scripted, and ends with its owner's hold on it", async () => {
  let pid: number;
  {
    await using paced = await startFakeUpstreamProcess({ tokens: 5 });
    pid = paced.pid;
    using client = openRaw(paced.port, chatRequest());
    await client.until((received) => received.endsWith("0\r\n\r\n"));
  }
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  await using scripted = await startFakeUpstreamProcess({ reply: answer("from a script") });
  using client = openRaw(scripted.port, chatRequest());
  await client.until((received) => received.includes("from a script"));
});
