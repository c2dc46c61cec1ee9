import { toFrame } from "../scan/frame-edits.ts";
import { isContent, readChatMeaning, type ChoiceMeaning } from "../scan/frame-meaning.ts";
import type { PassedFrame } from "../scan/read-frames.ts";
import { readResponseMeaning } from "../scan/response-meaning.ts";
import type { ScannedKind } from "../scan/scan-progress.ts";
import { cutFrame, type FrameCut } from "./cut-frame.ts";

/** What a frame of the second stream is to the joiner. */
export type JoinedFrame = {
  readonly text: string;
  readonly reasoning: string;
  /** Another choice than the first one is in it. */
  readonly hasOthers: boolean;
  /** Something that is neither text nor reasoning: a tool call, a picture. */
  readonly hasMore: boolean;
  readonly hasContent: boolean;
  /** It ends the answer, or the stream. */
  readonly isEnding: boolean;
};

const none: JoinedFrame = {
  text: "",
  reasoning: "",
  hasOthers: false,
  hasMore: false,
  hasContent: false,
  isEnding: false,
};

function toJoined(choice: ChoiceMeaning): JoinedFrame {
  // The last event of a response repeats all of it.
  const { text, reasoning } = choice.isWhole ? none : choice;
  return {
    text,
    reasoning,
    hasOthers: choice.index > 0,
    hasMore: choice.hasToolCalls || choice.hasMedia,
    hasContent: isContent({ ...choice, text, reasoning }),
    isEnding: choice.finishReason !== undefined,
  };
}

/** Reads a frame that a scanner has passed on. */
export function readJoinedFrame(frame: PassedFrame, kind: ScannedKind): JoinedFrame {
  if (frame.value === undefined) return { ...none, isEnding: frame.data !== undefined };
  const { choices } =
    kind === "response"
      ? readResponseMeaning(frame.value)
      : readChatMeaning(frame.value, kind === "completion");
  const joined = choices.map(toJoined);
  const first = joined.find(({ hasOthers }) => !hasOthers) ?? none;
  return { ...first, hasOthers: joined.length > 1 || joined[0]?.hasOthers === true };
}

/** The frame's bytes without the beginning of what it brings. */
export function cutPassedFrame(frame: PassedFrame, kind: ScannedKind, cut: FrameCut): Buffer {
  const bytes = toFrame(JSON.stringify(cutFrame(frame.value, kind, cut)));
  const type = kind === "response" ? (frame.value as { type?: unknown }).type : undefined;
  return typeof type === "string" ? Buffer.concat([Buffer.from(`event: ${type}\n`), bytes]) : bytes;
}
