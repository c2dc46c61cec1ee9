import { isUtf8 } from "node:buffer";
import {
  answer,
  cut,
  finish,
  raw,
  renderBody,
  role,
  say,
  toDeltaChunk,
  type Call,
  type Reply,
  type Step,
} from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setFaultStage, type FaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { goodText, judgeFace, judgePast } from "./judge-fault.ts";
import { judgeAftermath, judgeEnding, judgeText } from "./oracle.ts";
import { everyNth, sideBySide } from "./side-by-side.ts";

const streamed = ["stream", "chat"] as const;
const pieces = ["Zei", "chen: ", "字", " 😀", " né?"];
const said = pieces.join("");
const steps = [role(), say(pieces), finish()];
const plain = renderBody(steps).toString();

const variants: readonly (readonly [string, string])[] = [
  ["a byte order mark", `\uFEFF${plain}`],
  ["comments", plain.replaceAll("\n\n", "\n\n: ping\n\n:\n\n")],
  ["no blank behind the colon", plain.replaceAll("data: ", "data:")],
  [
    "ids, times and fields that nobody knows",
    plain.replaceAll("data: ", "id: 7\0\nretry: 5\nfoo: bar\nfoo\ndata: "),
  ],
  ["events that are called message", plain.replaceAll("data: ", "event: message\ndata: ")],
  ["empty events", plain.replaceAll("\n\n", "\n\ndata\n\ndata:\n\nevent: ping\n\n")],
  ["no empty line at its end", plain.slice(0, -2)],
  ["an unfinished event at its end", `${plain}data: {"choices":[{"delta":{"content":"more"`],
  ["frames that are no JSON and no text of ours", plain.replaceAll("\n\n", "\n\ndata: keep-alive\n\n")],
  ["multi-line data (U22)", plain.replaceAll(/^data: (\{.*\})$/gm, toLines)],
];

function toLines(_: string, json: string): string {
  return JSON.stringify(JSON.parse(json), null, 1).replaceAll(/^/gm, "data: ");
}

describe("U20, U22: a stream is read as the standard says", () => {
  let stage: FaultStage;
  beforeAll(async () => {
    stage = await setFaultStage({ upstreams: [{}] });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it.each(variants)("U20, U22: with %s", async (_what, text) => {
    stage.upstreams[0]?.setReply({ steps: [raw(text)] });
    for (const face of streamed) {
      expect([face, (await judgeFace(stage, face, said)).verdict]).toEqual([face, "whole"]);
    }
  });
});

describe("U20: a frame that lost its end", () => {
  const lost = raw('data: {"choices":[{"index":0,"delta":{"content":"lo\n\n');

  it.each(streamed)("U20: before content, another one answers (%s)", async (face) => {
    await judgePast({ upstream: { steps: [role(), lost, finish()] }, outcome: "protocol_error" }, face);
  });

  // A frame of an otherwise sound stream is passed by under /v1, as whoever reads the stream alone would do; a chat
  // that we keep must not be kept with a hole in it.
  it.each([
    ["stream", "whole"],
    ["chat", "broken"],
  ] as const)(
    "U20: behind content it is left out and counted, and a chat is broken (%s)",
    async (face, expected) => {
      await using stage = await setFaultStage({
        upstreams: [{ steps: [role(), say(pieces), lost, finish()] }],
      });
      const { verdict, text } = await judgeFace(stage, face, said);
      expect([verdict, text]).toEqual([expected, said]);
    },
  );

  it("U20: behind content another one can go on", async () => {
    const begun = [role(), say(pieces.slice(0, 3)), lost, say(pieces.slice(3)), finish()];
    await using stage = await setFaultStage({ upstreams: [{ steps: begun }, answer(said)] });
    expect((await judgeFace(stage, "stream", said)).verdict).toBe("whole");
  });

  it("U20: an event whose empty line never came is no reason to call the answer whole", async () => {
    const rest = raw(`data: ${toDeltaChunk("m", { content: "more" })}\n`);
    await using stage = await setFaultStage({
      upstreams: [{ framing: "eof", steps: [role(), say(pieces), rest, cut()] }],
    });
    const { verdict } = await judgeFace(stage, "stream", `${said}more`);
    expect(verdict).toBe("broken");
  });
});

describe("U21, U23: how bytes are cut makes no difference", () => {
  let stage: FaultStage;
  beforeAll(async () => {
    stage = await setFaultStage({ upstreams: [answer(said)] });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  /** Asks once for each reply; which one, the model's name says. */
  async function judgeCuts(replies: readonly Reply[]): Promise<void> {
    const find = (call: Call) => replies[Number((call.body as { model: string }).model)];
    stage.upstreams[0]?.setReply((call) => find(call) ?? { steps: [] });
    await sideBySide(replies.keys(), async (index) => {
      const heard = await stage.ask({ model: String(index) });
      expect(judgeEnding(heard, stage.secrets)).toBe("whole");
      judgeText(heard.text, said, "whole");
    });
    await judgeAftermath(stage);
  }

  let turn = 0;
  const breaks = ["\r", "\r\n", "\n", "\r\n", "\n", "\r"];
  const mixed = () => breaks[turn++ % breaks.length] ?? "\n";
  const lineEnds: readonly (readonly [string, string])[] = [
    ["CR", plain.replaceAll("\n", "\r")],
    ["LF", plain],
    ["CRLF", plain.replaceAll("\n", "\r\n")],
    ["mixed", plain.replaceAll("\n", mixed)],
  ];
  it.each(lineEnds)(
    "U21: %s, cut anywhere",
    async (_name, text) => {
      const bytes = Buffer.from(text);
      const cuts: Reply[] = everyNth(isFullSize ? 1 : 97, bytes.length).map((offset) => ({
        splitAt: [offset],
        steps: [raw(bytes)],
      }));
      await judgeCuts([...cuts, { splitAt: "every-byte", steps: [raw(bytes)] }]);
    },
    300_000,
  );

  it("U23: a character cut anywhere between two reads", async () => {
    const bytes = Buffer.from(plain);
    const inside = [...bytes.keys()].filter((index) => ((bytes[index] ?? 0) & 0xc0) === 0x80);
    expect(inside.length).toBeGreaterThan(5);
    await judgeCuts(inside.map((offset) => ({ splitAt: [offset], steps: [raw(bytes)] })));
  });
});

const frame = (content: string): Step =>
  raw(
    `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`,
  );

describe("U23: a character cut between two pieces of the answer", () => {
  const halves = [role(), frame(String.raw`a\ud83d`), frame(String.raw`\ude00b`), finish()];
  it.each(streamed)("U23: is put together again (%s)", async (face) => {
    await using stage = await setFaultStage({ upstreams: [{ steps: halves }] });
    const { verdict, text } = await judgeFace(stage, face, "a😀b");
    expect([verdict, text]).toEqual(["whole", "a😀b"]);
  });

  it("U23: the first half alone, at the end of an answer, does no harm", async () => {
    await using stage = await setFaultStage({
      upstreams: [{ steps: [role(), frame(String.raw`ab\ud83d`), finish()] }],
    });
    const { verdict, text } = await judgeFace(stage, "chat", "ab\uFFFD");
    expect([verdict, text.isWellFormed()]).toEqual(["whole", true]);
  });
});

describe("U24: bytes that are no UTF-8", () => {
  const wrong: readonly (readonly [string, readonly number[]])[] = [
    ["a continuation without a beginning", [0x80]],
    ["a beginning without a continuation", [0xe5, 0xad]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0xbd]],
    ["bytes that never occur", [0xff, 0xfe]],
  ];
  const toBytes = (bytes: readonly number[]): Buffer =>
    Buffer.concat([
      renderBody([role(), say("before ")]),
      Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"x'),
      Buffer.from(bytes),
      Buffer.from('y"}}]}\n\n'),
      renderBody([say(" after"), finish()]),
    ]);

  it.each(wrong)("U24: become U+FFFD, and the stream goes on (%s)", async (_name, bytes) => {
    await using stage = await setFaultStage({ upstreams: [{ steps: [raw(toBytes(bytes))] }] });
    const text = `before x${Buffer.from(bytes).toString()}y after`;
    for (const face of streamed) {
      const { verdict, heard } = await judgeFace(stage, face, text);
      expect(verdict).toBe("whole");
      if (heard !== undefined) expect(isUtf8(heard.bytes), "the caller gets UTF-8").toBe(true);
    }
  });

  it("U24: no text at all is no answer", async () => {
    await judgePast({ upstream: { steps: [raw(Buffer.from([0xff, 0xfe, 0x0a, 0x0a]))] } }, "stream");
    expect(goodText).not.toBe("");
  });
});
