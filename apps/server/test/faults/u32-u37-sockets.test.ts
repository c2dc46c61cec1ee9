import {
  answerAsAsked,
  cut,
  fail,
  raw,
  reset,
  type Call,
  type Reply,
  type RequestHead,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { readAnswer } from "./heard-answer.ts";
import { goodText, v1Faces } from "./judge-fault.ts";
import { judge, judgeAftermath, judgeEnding, judgeText } from "./oracle.ts";
import { callV1 } from "./v1-caller.ts";

describe("U32: the upstream closes a kept-alive connection just as it is used again", () => {
  const ways = [
    ["FIN", cut()],
    ["RST", reset()],
  ] as const;

  it.each(ways)("U32: it is asked again on a new connection, and nothing shows (%s)", async (_how, end) => {
    const used = new Set<number>();
    const reply = (call: Call): Reply => {
      if (used.has(call.connection)) return { steps: [end] };
      used.add(call.connection);
      return answerAsAsked(goodText)(call);
    };
    await using stage = await setFaultStage({ upstreams: [reply] });
    const requests = isFullSize ? 5_000 : 200;
    let left = requests;
    const ask = async () => {
      while (left-- > 0) {
        const heard = await stage.ask({ stream: left % 2 === 0 });
        const verdict = judgeEnding(heard, stage.secrets);
        judgeText(heard.text, goodText, verdict);
        expect(verdict, heard.body).toBe("whole");
      }
    };
    await Promise.all(Array.from({ length: 4 }, ask));
    expect(used.size).toBeGreaterThan(requests / 3);
    await judgeAftermath(stage);
  });
});

/** A form with a file in it, by hand: what goes out has to come in as it was. */
function toForm(file: Buffer): { readonly headers: Record<string, string>; readonly body: Buffer } {
  const boundary = "----a-boundary-of-the-tests";
  const part = (head: string) => `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n`;
  const body = Buffer.concat([
    Buffer.from(`${part('name="model"')}whisper-1\r\n${part('name="file"; filename="a.wav"')}`),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { body, headers: { "content-type": `multipart/form-data; boundary=${boundary}` } };
}

const upload = toForm(Buffer.alloc(20 * 1024 * 1024, "RIFF of the tests "));
const isUpload = ({ path }: RequestHead) => path.startsWith("/v1/audio");
const tooLarge = {
  error: { message: "Maximum content size limit exceeded", type: "invalid_request_error", code: null },
};

describe("U37: the upstream answers before it has read the upload", () => {
  it.each([
    ["and closes", fail(413, tooLarge)],
    ["and resets", { ...fail(413, tooLarge), steps: [raw(JSON.stringify(tooLarge)), reset()] }],
  ] as const)("U37: 413 is read and passed on (%s)", async (_how, reply: Reply) => {
    await using stage = await setFaultStage({
      upstreams: [{ early: (head) => (isUpload(head) ? reply : undefined) }],
    });
    for (let count = 0; count < 3; count++) {
      const heard = readAnswer(await callV1(stage.backend.url, "/audio/transcriptions", upload));
      expect(judgeEnding(heard, stage.secrets)).toBe("refused");
      // After a reset, the kernel may have thrown the answer away before anybody could read it.
      expect(_how === "and closes" ? [413] : [413, 502]).toContain(heard.status);
      if (heard.status === 413) expect(heard.json).toEqual(tooLarge);
    }
    await judgeAftermath(stage);
  });

  it("U37: 401 is a matter of our key", async () => {
    await using stage = await setFaultStage({
      upstreams: [{ early: (head) => (isUpload(head) ? fail(401) : undefined) }],
    });
    const heard = readAnswer(await callV1(stage.backend.url, "/audio/transcriptions", upload));
    expect(judgeEnding(heard, stage.secrets)).toBe("refused");
    expect(heard.status).toBe(502);
    expect(heard.json).toMatchObject({ error: { code: "upstream_auth" } });
    await judgeAftermath(stage);
  });

  it("U37: an upload that is read to its end arrives byte for byte", async () => {
    await using stage = await setFaultStage({
      upstreams: [{ reply: fail(418, { error: { message: "a teapot" } }) }],
    });
    await callV1(stage.backend.url, "/audio/transcriptions", upload);
    const [call] = stage.upstreams[0]?.calls ?? [];
    expect(call?.path).toBe("/v1/audio/transcriptions");
    expect(call?.headers["content-type"]).toBe(upload.headers["content-type"]);
    expect(call?.bodyBytes.equals(upload.body)).toBe(true);
  });
});

describe("U37: the same for a long conversation", () => {
  const longMessage = "x".repeat(5 * 1024 * 1024);

  it.each(v1Faces)("U37: 413 is read and passed on, and nobody else is asked (%s)", async (face) => {
    const early = ({ headers }: RequestHead) =>
      Number(headers["content-length"]) > 1_000_000 ? fail(413, tooLarge) : undefined;
    await using stage = await setFaultStage({
      upstreams: [{ early }, answerAsAsked(goodText)],
    });
    const messages = [{ role: "user", content: longMessage }];
    const heard = await stage.ask({ messages, stream: face === "stream" });
    expect(await judge(stage, heard, "")).toBe("refused");
    expect([heard.status, heard.json]).toEqual([413, tooLarge]);
    expect(stage.upstreams[1]?.calls).toEqual([]);
  });
});
