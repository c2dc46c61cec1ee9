import { createHash, randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { openSocket, readStatus, sendRaw } from "../callers/raw-request.ts";
import { createRestCaller } from "../callers/rest-caller.ts";
import { listFiles, tryUpload, upload } from "./attachment-stage.ts";
import { createGif, createJpeg, createPng, createWebp } from "./file-bytes.ts";

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage({
    backend: {
      config: {
        limits: {
          attachment_bytes_max: 200_000,
          attachment_text_bytes_max: 10_000,
          attachment_pixels_max: 1_000_000,
          attachment_bytes_per_user_max: 300_000,
          attachments_per_user_max: 30,
        },
      },
    },
  });
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const read = (id: string, headers = {}) => user.rest.get(`/api/attachments/${id}`, headers);
const measure = async (caller: StageUser) => {
  const { attachments, bytesUsed } = await caller.trpc.query<{ attachments: unknown[]; bytesUsed: number }>(
    "attachment.list",
    { limit: 100 },
  );
  return { files: attachments.length, bytesUsed };
};

describe("a file that is sent", () => {
  it.each([
    ["image/png", createPng(3, 4)],
    ["image/jpeg", createJpeg(1000, 1000)],
    ["image/gif", createGif(3, 4)],
    ["image/webp", createWebp("VP8 ", 3, 4)],
    ["image/webp", createWebp("VP8L", 1000, 1000)],
    ["image/webp", createWebp("VP8X", 3, 4)],
    ["text/plain", "short"],
    ["text/plain", "<script>alert(1)</script>"],
    ["text/plain", "\ufeffGrüße aus 東京 🎉"],
  ])("is known for %s by its bytes, and comes back as it is", async (mediaType, body) => {
    const bytes = Buffer.from(body as string);
    const sent = await upload(user.rest, body, "a name.bin");
    expect(sent).toEqual({
      attachment_id: expect.stringMatching(/^att_/),
      name: "a name.bin",
      media_type: mediaType,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      uploaded_time: expect.any(Number),
    });
    const answer = await read(sent.attachment_id);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
    expect(answer.headers.get("content-type")?.startsWith(mediaType)).toBe(true);
  });

  it("can do nothing in a browser, and is saved under its name", async () => {
    const name = `Grüße "1"; x=y.html`;
    const { attachment_id: id } = await upload(user.rest, "<script>alert(1)</script>", name);
    const { headers } = await read(id);
    expect(headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'; sandbox",
    );
    expect(headers.get("content-disposition")).toBe(
      `attachment; filename="Gr__e _1__ x_y.html"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22%3B%20x%3Dy.html`,
    );
  });

  it("is not sent again to who has it, and its head comes alone", async () => {
    const { attachment_id: id, sha256, bytes } = await upload(user.rest, "kept by its reader");
    const etag = `"${sha256}"`;
    expect((await read(id)).headers.get("etag")).toBe(etag);
    for (const known of [etag, `"x", W/${etag}`]) {
      const answer = await read(id, { "if-none-match": known });
      expect([answer.status, await answer.text()]).toEqual([304, ""]);
    }
    expect((await read(id, { "if-none-match": '"x"' })).status).toBe(200);
    const head = await user.rest.request("HEAD", `/api/attachments/${id}`);
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
      200,
      String(bytes),
      "",
    ]);
  });

  it("is readable by its server alone", async () => {
    await upload(user.rest, "for me only");
    const [path = ""] = listFiles(stage.backend.dataFolder).settled;
    const folder = join(stage.backend.dataFolder, "files");
    expect(statSync(join(folder, path)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });
});

describe("the same bytes again", () => {
  it("are the same attachment under the same name, also at once, and another one under another", async () => {
    const other = await stage.addUser();
    const body = createPng(5, 5, "twice");
    const before = listFiles(stage.backend.dataFolder).settled.length;
    const all = await Promise.all(Array.from({ length: 6 }, () => upload(other.rest, body, "a.png")));
    expect(new Set(all.map(({ attachment_id: id }) => id)).size).toBe(1);
    const renamed = await upload(other.rest, body, "b.png");
    expect(renamed.attachment_id).not.toBe(all[0]?.attachment_id);
    expect(await measure(other)).toEqual({ files: 2, bytesUsed: body.length });
    expect(listFiles(stage.backend.dataFolder).settled).toHaveLength(before + 1);
    expect(listFiles(stage.backend.dataFolder).incoming).toEqual([]);
  });

  it("are stored once for two users, who learn nothing of each other", async () => {
    const [one, two] = [await stage.addUser(), await stage.addUser()];
    const before = listFiles(stage.backend.dataFolder).settled.length;
    const first = await upload(one.rest, "the same secret", "a.txt");
    const second = await upload(two.rest, "the same secret", "a.txt");
    expect(second.attachment_id).not.toBe(first.attachment_id);
    expect(listFiles(stage.backend.dataFolder).settled).toHaveLength(before + 1);
    await one.trpc.mutate("attachment.remove", { attachmentId: first.attachment_id });
    await stage.backend.server.backend.services.attachments.sweep();
    const kept = await two.rest.get(`/api/attachments/${second.attachment_id}`);
    expect(await kept.text()).toBe("the same secret");
  });
});

describe("what is not taken", () => {
  it.each([
    ["no bytes", "", 400],
    ["a NUL", "a\0b", 415],
    ["bytes that are no UTF-8", Buffer.from("caf\xe9", "latin1"), 415],
    ["a text that breaks off in a character", Buffer.from("東").subarray(0, 2), 415],
    ["a program", Buffer.from("\x7fELF\x02\x01\x01\0\0\0\0\0\0", "latin1"), 415],
    ["an image without a size", createPng(3, 4).subarray(0, 18), 415],
    ["an image with no pixels", createPng(0, 4), 415],
    ["a photograph that breaks off", createJpeg(3, 4).subarray(0, 100), 415],
    ["an image with too many pixels", createPng(2000, 2000), 413],
    ["an image of unheard-of size", createPng(0xffffffff, 0xffffffff), 413],
    ["an image with too many bytes", createPng(3, 4, "x".repeat(200_000)), 413],
    ["a text with too many bytes", "x".repeat(10_001), 413],
  ])("is %s", async (_what, body, status) => {
    const before = await measure(user);
    const answer = await tryUpload(user.rest, body);
    expect([answer.status, await answer.json()]).toEqual([status, { error: expect.any(String) }]);
    expect(await measure(user)).toEqual(before);
    expect(listFiles(stage.backend.dataFolder).incoming).toEqual([]);
  });

  it.each([
    ["a path upwards", "../../etc/passwd"],
    ["a path of Windows", "C:\\a.txt"],
    ["only dots", ".."],
    ["nothing", ""],
    ["blanks", "   "],
    ["a turn of direction", "a\u202etxt.exe"],
    ["a line break", "a\r\nx: y"],
    ["a NUL", "a\0.txt"],
    ["4 KB", "x".repeat(4096)],
  ])("is a name that is %s", async (_what, name) => {
    expect((await tryUpload(user.rest, "text", name)).status).toBe(400);
  });

  it("is a name that is missing, or not encoded", async () => {
    const send = (headers: Record<string, string>) =>
      user.rest.request("POST", "/api/attachments", { body: "text", headers });
    expect((await send({})).status).toBe(400);
    expect((await send({ "x-file-name": "%" })).status).toBe(400);
    expect((await send({ "x-file-name": "%ff" })).status).toBe(400);
  });

  it("is more than a user may have, with the code that says so", async () => {
    const other = await stage.addUser();
    for (const name of ["a", "b", "c"])
      await upload(other.rest, createPng(3, 4, name.repeat(90_000)), `${name}.png`);
    const full = await tryUpload(other.rest, createPng(3, 4, "d".repeat(90_000)));
    expect([full.status, full.headers.get("x-error-code")]).toEqual([429, "quota_exceeded"]);
    // What is there already takes no more room.
    await upload(other.rest, createPng(3, 4, "a".repeat(90_000)), "again.png");
    const { attachments } = await other.trpc.query<{ attachments: { attachmentId: string; name: string }[] }>(
      "attachment.list",
      {},
    );
    const gone = attachments.filter(({ name }) => name === "b.png");
    for (const { attachmentId } of gone) await other.trpc.mutate("attachment.remove", { attachmentId });
    await upload(other.rest, createPng(3, 4, "d".repeat(90_000)));
  });

  it("is one file more than a user may have", async () => {
    const other = await stage.addUser();
    for (let index = 0; index < 30; index++) await upload(other.rest, `file ${index}`);
    expect((await tryUpload(other.rest, "one more")).status).toBe(429);
  });
});

describe("an upload that is cut", () => {
  const head = (token: string | undefined, length: number) =>
    `POST /api/attachments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nx-file-name: a.txt\r\n` +
    `content-length: ${length}\r\nconnection: close\r\n\r\n`;

  it("leaves nothing, wherever it is cut", async () => {
    const before = await measure(user);
    for (const sent of ["", "x", "half of it".repeat(100)]) {
      const socket = await openSocket(stage.backend.url);
      socket.write(head(user.rest.token, 5000) + sent);
      await until(() => listFiles(stage.backend.dataFolder).incoming.length > 0, "the file is begun");
      socket.destroy();
      await until(() => listFiles(stage.backend.dataFolder).incoming.length === 0, "the file is removed");
    }
    expect(await measure(user)).toEqual(before);
    expect(stage.backend.logLines.filter((line) => line.includes("Internal error"))).toEqual([]);
  });

  it("is taken no further than its length says, and refused at once when that is too much", async () => {
    const other = await stage.addUser();
    // What comes behind the end is no request: whether that is said first is chance.
    const short = await sendRaw(stage.backend.url, `${head(other.rest.token, 4)}text and more`);
    expect([201, 400]).toContain(readStatus(short));
    expect((await measure(other)).bytesUsed).toBeLessThanOrEqual(4);
    expect(readStatus(await sendRaw(stage.backend.url, head(user.rest.token, 10 ** 12)))).toBe(413);
    expect(readStatus(await sendRaw(stage.backend.url, head("nobody", 10 ** 12)))).toBe(401);
  });

  it("hears its refusal while it is still sending", async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(randomBytes(20_000)),
    });
    const answer = await fetch(`${stage.backend.url}/api/attachments`, {
      method: "POST",
      headers: { authorization: `Bearer ${user.rest.token}`, "x-file-name": "endless" },
      body,
      duplex: "half",
    } as RequestInit);
    expect(answer.status).toBe(413);
  });

  it("may not be one of very many", async () => {
    const other = await stage.addUser();
    const sockets = await Promise.all(Array.from({ length: 8 }, () => openSocket(stage.backend.url)));
    for (const socket of sockets) socket.write(head(other.rest.token, 5000));
    await until(() => listFiles(stage.backend.dataFolder).incoming.length === 8, "eight files are begun");
    expect((await tryUpload(other.rest, "one more")).status).toBe(429);
    expect((await tryUpload((await stage.addUser()).rest, "somebody else's")).status).toBe(201);
    for (const socket of sockets) socket.destroy();
    await until(() => listFiles(stage.backend.dataFolder).incoming.length === 0, "the files are removed");
    expect((await tryUpload(other.rest, "one more")).status).toBe(201);
  });
});

it("is nobody else's: foreign files are absent ones", async () => {
  const { attachment_id: id } = await upload(user.rest, "mine");
  const other = await stage.addUser();
  const absent = "att_01m8162cr78f5ff3q8t9eqs0ta";
  for (const path of ["attachment.get", "attachment.remove"]) {
    const call = path === "attachment.get" ? other.trpc.tryQuery : other.trpc.tryMutate;
    const answers = await Promise.all([id, absent].map((attachmentId) => call(path, { attachmentId })));
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    expect(answers[0]?.error?.message).toBe(answers[1]?.error?.message);
  }
  const [foreign, none] = await Promise.all(
    [id, absent].map((file) => other.rest.get(`/api/attachments/${file}`)),
  );
  expect([foreign?.status, await foreign?.text()]).toEqual([404, await none?.text()]);
  expect((await createRestCaller(stage.backend.url).get(`/api/attachments/${id}`)).status).toBe(401);
  expect((await tryUpload(createRestCaller(stage.backend.url), "text")).status).toBe(401);
  expect((await read(id)).status).toBe(200);
});

it("is listed page by page, newest first", async () => {
  const other = await stage.addUser();
  const sent: string[] = [];
  for (let index = 0; index < 5; index++)
    sent.push((await upload(other.rest, `page ${index}`)).attachment_id);
  const seen: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await other.trpc.query<{
      attachments: { attachmentId: string }[];
      nextCursor: string | null;
      bytesUsed: number;
    }>("attachment.list", { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.bytesUsed).toBe(30);
    seen.push(...page.attachments.map(({ attachmentId }) => attachmentId));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(sent.toReversed());
});
