import {
  createFakeUpstream,
  role,
  say,
  spawnBackend,
  stall,
  type BackendProcess,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { readSseEvents } from "../callers/frames.ts";
import {
  createConversation,
  createRestCaller,
  registerUser,
  type RestCaller,
} from "../callers/rest-caller.ts";
import { createTrpcCaller, type StreamItem, type TrpcCaller } from "../callers/trpc-caller.ts";
import { newRequestId, readMessages, toText, type Started, type Told } from "../chat/read-run.ts";
import { generousLimits, setClientStage } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";
import { sideBySide } from "./side-by-side.ts";

const streams = isFullSize ? 5000 : 200;
/** Five seconds are the promise; thousands of clients on the server's own cores take most of them for themselves. */
const readyMsMax = isFullSize ? 60_000 : 5_000;
const text = "What had been said.";

/** One answer under way, with whoever follows it. */
type Followed = { readonly runId: string; readonly seen: Told[] };

/** Follows an answer until its line is cut; who is refused for now, or has too little, begins again. */
async function follow(trpc: TrpcCaller, { runId, seen }: Followed): Promise<void> {
  try {
    do {
      seen.length = 0;
      await collect(trpc.subscribe("chat.follow", { runId }), seen);
    } while (toText(seen) !== text);
  } catch {
    // The server was killed: that is what this is about.
  }
}

async function collect(items: AsyncIterable<StreamItem>, into: Told[]): Promise<void> {
  for await (const item of items) if (item.kind === "event") into.push(item);
}

/** Comes back as a client does that obeys: who is refused for now waits, and comes again. */
async function comeBack(url: string, user: RestCaller, { runId, seen }: Followed): Promise<readonly Told[]> {
  const input = encodeURIComponent(JSON.stringify({ json: { runId } }));
  for (;;) {
    const answered = await createRestCaller(url, user.token).request(
      "GET",
      `/trpc/chat.follow?input=${input}`,
      {
        headers: { accept: "text/event-stream", "last-event-id": seen.at(-1)?.id ?? "" },
      },
    );
    const body = await answered.text();
    if (answered.status === 200) {
      return readSseEvents(body).flatMap(({ id, event, data }) =>
        event === "message" && id !== undefined
          ? [{ id, event: (JSON.parse(data) as { json: Told["event"] }).json }]
          : [],
      );
    }
    expect(answered.status, body).toBe(503);
    const seconds = Number(answered.headers.get("retry-after"));
    expect(seconds).toBeGreaterThan(0);
    await new Promise((resolve) => void setTimeout(resolve, seconds * 1000 * (0.5 + Math.random() / 2)));
  }
}

/** Looks until a server is ready; tells how long that took. */
async function measureReady(url: string): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const answered = await fetch(`${url}/readyz`);
    await answered.text();
    if (answered.status === 200) return performance.now() - startedAt;
    expect(answered.status).toBe(503);
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
}

async function startAnswers(backend: BackendProcess, user: RestCaller): Promise<Followed[]> {
  const trpc = createTrpcCaller(backend.url, user.token);
  const followed: Followed[] = [];
  await sideBySide(
    Array.from({ length: streams }).keys(),
    async () => {
      const conversationId = await createConversation(user);
      const asked = { conversationId, requestId: newRequestId(), message: "Hi" };
      followed.push({ runId: (await trpc.mutate<Started>("chat.send", asked)).runId, seen: [] });
    },
    20,
  );
  return followed;
}

describe("C23: all readers come back at once", () => {
  it(
    "C23: after the death of the server under their streams: it serves, and nobody has lost anything",
    { timeout: 600_000 },
    async () => {
      await using upstream = await createFakeUpstream({ reply: { steps: [role(), say(text), stall()] } });
      await using first = await spawnBackend({ upstreams: [upstream.url], config: generousLimits });
      const user = await registerUser(first.url);
      const other = await registerUser(first.url);
      const followed = await startAnswers(first, user);
      const following = followed.map((one) => follow(createTrpcCaller(first.url, user.token), one));
      // So many of them take their time: the test's own limit is the only one.
      while (!followed.every(({ seen }) => toText(seen) === text))
        await new Promise((resolve) => void setTimeout(resolve, 50));
      // What was said in the last quarter of a second before a kill may be lost; that is another fault.
      await new Promise((resolve) => void setTimeout(resolve, 2_000));
      await first.kill("SIGKILL");
      await Promise.all(following);
      await using second = await first.restart();
      let isOver = false;
      // Somebody who had nothing to do with it.
      const stranger = (async () => {
        const caller = createRestCaller(second.url, other.token);
        while (!isOver) {
          const answered = await caller.get("/api/conversations/list");
          expect([200, 503]).toContain(answered.status);
          await answered.text();
        }
      })();
      const [readyMs] = await Promise.all([
        measureReady(second.url),
        ...followed.map(async (one) => {
          const rest = await comeBack(second.url, user, one);
          expect(toText([...one.seen, ...rest])).toBe(text);
          expect(rest.at(-1)?.event.type).toBe("run-interrupt");
        }),
      ]);
      isOver = true;
      await stranger;
      expect(readyMs).toBeLessThan(readyMsMax);
      expect(second.logLines.filter((line) => line.includes("Internal error"))).toEqual([]);
      expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
    },
  );

  it("C23: each is told another time to wait before it comes back", async () => {
    await using stage = await setClientStage();
    const user = await stage.addUser();
    const { runId } = await stage.send(user);
    const input = encodeURIComponent(JSON.stringify({ json: { runId } }));
    await until(
      async () => (await readMessages(user.trpc, user.conversationId)).at(-1)?.run?.state === "done",
      "the answer is whole",
    );
    for (const path of [`/trpc/chat.follow?input=${input}`, `/api/chat/${user.conversationId}`]) {
      const waits = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const answered = await user.rest.get(path, { accept: "text/event-stream" });
          return Number(/^retry: (\d+)$/m.exec(await answered.text())?.[1]);
        }),
      );
      for (const wait of waits) {
        expect(wait).toBeGreaterThanOrEqual(1000);
        expect(wait).toBeLessThan(5000);
      }
      expect(new Set(waits).size).toBeGreaterThan(10);
    }
    await stage.judge();
  });
});
