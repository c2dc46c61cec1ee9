import { once } from "node:events";
import { answerAsAsked, page, type TestBackend } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { listFiles, tryUpload } from "../attachments/attachment-stage.ts";
import { until, type StageUser } from "../callers/chat-stage.ts";
import { openSocket } from "../callers/raw-request.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { createRandom } from "../crash/seeded-random.ts";
import { setClientStage, type ClientStage } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";
import { sideBySide } from "./side-by-side.ts";
import { callerToken, callV1 } from "./v1-caller.ts";

const uploads = isFullSize ? 300 : 30;
const fileText = "A line of a file.\n".repeat(2_000);

/** Sends a request up to a byte of its body, and leaves. */
async function sendPart(url: string, head: readonly string[], part: string): Promise<void> {
  const socket = await openSocket(url);
  socket.resume();
  socket.write(`${head.join("\r\n")}\r\n\r\n${part}`, () => socket.destroy());
  await once(socket, "close");
}

const dataOf = ({ backend }: ClientStage) => (backend as unknown as TestBackend).dataFolder;

const measure = (user: StageUser) =>
  user.trpc.query<{ attachments: unknown[]; bytesUsed: number }>("attachment.list", { limit: 100 });

describe("C21: an upload is cut, empty, or oddly named", () => {
  it(
    "C21: an attachment that is cut anywhere leaves no file, no row, and no use",
    { timeout: 120_000 },
    async () => {
      await using stage = await setClientStage();
      const user = await stage.addUser();
      const random = createRandom(21);
      await sideBySide(Array.from({ length: uploads }).keys(), async () => {
        const head = [
          "POST /api/attachments HTTP/1.1",
          "Host: a",
          `Authorization: Bearer ${user.rest.token}`,
          `Content-Length: ${fileText.length}`,
        ];
        await sendPart(stage.backend.url, head, fileText.slice(0, Math.floor(random() * fileText.length)));
      });
      await until(() => listFiles(dataOf(stage)).incoming.length === 0, "nothing of them is left");
      expect(listFiles(dataOf(stage)).settled).toEqual([]);
      expect(await measure(user)).toMatchObject({ attachments: [], bytesUsed: 0 });
      await stage.judge();
    },
  );

  it("C21: an empty one is refused; long and equal names are counted right", async () => {
    await using stage = await setClientStage({
      config: { limits: { attachments_per_user_max: 3, attachment_bytes_per_user_max: 100_000 } },
    });
    const user = await stage.addUser();
    const status = async (...given: [string, string]) => (await tryUpload(user.rest, ...given)).status;
    expect(await status("", "empty.txt")).toBe(400);
    expect(await status("x", "n".repeat(4096))).toBe(400);
    // The same name and content again is the same file, also for ten who send it at once.
    const same = await Promise.all(Array.from({ length: 10 }, () => status(fileText, "same.txt")));
    expect(new Set([...same, 201, 429])).toEqual(new Set([201, 429]));
    expect(same).toContain(201);
    expect(await measure(user)).toMatchObject({ bytesUsed: fileText.length });
    expect((await measure(user)).attachments).toHaveLength(1);
    // So many at once that only two of them have a place.
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, index) => status(`file ${index}`, "many.txt")),
    );
    expect(new Set([...many, 201, 429])).toEqual(new Set([201, 429]));
    while ((await measure(user)).attachments.length < 3)
      await status(`file ${many.length}`, `${many.push(0)}`);
    expect(await status("one more", "more.txt")).toBe(429);
    expect((await measure(user)).attachments).toHaveLength(3);
    expect(listFiles(dataOf(stage))).toMatchObject({ incoming: [], settled: { length: 3 } });
    await stage.judge();
  });

  it("C21: one for an upstream that is cut leaves neither side anything", { timeout: 120_000 }, async () => {
    await using stage = await setClientStage({ reply: page("application/json", '{"id":"file-1"}') });
    const random = createRandom(22);
    const files = Array.from({ length: isFullSize ? 10_000 : 500 }, (_, index) => {
      const disposition = `Content-Disposition: form-data; name="file"; filename="${"n".repeat(index % 40 === 0 ? 4096 : 4)}"`;
      return `--x\r\n${disposition}\r\n\r\n${index % 3 === 0 ? "" : "bytes"}\r\n`;
    });
    const body = `${files.join("")}--x--\r\n`;
    const type = "multipart/form-data; boundary=x";
    await sideBySide(Array.from({ length: uploads }).keys(), async () => {
      const head = [
        "POST /v1/files HTTP/1.1",
        "Host: a",
        `Authorization: Bearer ${callerToken}`,
        `Content-Type: ${type}`,
        `Content-Length: ${body.length}`,
      ];
      await sendPart(stage.backend.url, head, body.slice(0, Math.floor(random() * body.length)));
    });
    expect(stage.upstream.calls).toHaveLength(0);
    const whole = await callV1(stage.backend.url, "/files", { headers: { "content-type": type }, body });
    expect(whole.status).toBe(200);
    expect(stage.upstream.calls[0]?.bodyText).toBe(body);
    expect(listFiles(dataOf(stage))).toEqual({ incoming: [], settled: [] });
    await stage.judge();
  });
});

describe("C22: many calls come in one request", () => {
  const batch = async (stage: ClientStage, token: string | undefined, paths: readonly string[]) => {
    const inputs = Object.fromEntries(paths.map((_, index) => [index, { json: {} }]));
    const response = await fetch(`${stage.backend.url}/trpc/${paths.join(",")}?batch=1`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(inputs),
    });
    return { status: response.status, text: await response.text() };
  };
  const many = (count: number, path: string) => Array.from({ length: count }, () => path);

  it("C22: ten are taken, more are not; logins and streams come alone", async () => {
    await using stage = await setClientStage({ reply: answerAsAsked("Hello") });
    const { rest } = await stage.addUser();
    const { token } = rest;
    const taken = await batch(stage, token, many(10, "model.list"));
    expect([taken.status, (JSON.parse(taken.text) as unknown[]).length]).toEqual([200, 10]);
    for (const paths of [
      many(11, "model.list"),
      many(400, "model.list"),
      many(2, "auth.login"),
      ["model.list", "auth.login"],
      ["auth.register", "model.list"],
      ["auth.me", "auth.refresh"],
      ["chat.follow", "chat.follow"],
      ["model.list", "chat.stream"],
    ])
      expect([paths.length, paths[0], (await batch(stage, token, paths)).status]).toEqual([
        paths.length,
        paths[0],
        400,
      ]);
    // A thousand do not even fit into a URL.
    expect((await batch(stage, token, many(1000, "model.list"))).status).toBe(414);
    await stage.judge();
  });

  it("C22: an input of a megabyte in a URL is refused, and over WebSocket the same limits hold", async () => {
    await using stage = await setClientStage();
    const { rest } = await stage.addUser();
    const long = (chars: number) =>
      fetch(`${stage.backend.url}/trpc/conversation.search?input=${"x".repeat(chars)}`, {
        headers: { authorization: `Bearer ${rest.token}` },
      }).then(
        ({ status }) => status,
        () => 431,
      );
    expect(await long(9_000)).toBe(414);
    expect(await long(1_000_000)).toBe(431);
    await using socket = await openSocketCaller(stage.backend.url, rest.token);
    const calls = Array.from({ length: 1000 }, (_, index) => ({
      id: 1_000_000 + index,
      method: "query",
      params: { path: "model.list" },
    }));
    socket.send(JSON.stringify(calls));
    expect((await socket.call("query", "auth.me")).error).toBeUndefined();
    expect(socket.messages.filter(({ result }) => result !== undefined)).toHaveLength(1);
    await stage.judge();
  });
});
