import { toComparable, type Said } from "./turn.ts";

type Anchor = { readonly remembered: number; readonly resent: number };
type Placed = { readonly index: number; readonly text: string };

/** What else is known of what was sent. */
export type ResentFacts = {
  /** The last words are not said anew: results of tools stand behind them, that their answer has called. */
  readonly isContinued: boolean;
};

/** Further back nobody looks: engines send windows of some dozen messages. */
const lookedAtMax = 400;

/**
 * Finds what an engine no longer sends of what was said: the beginning of what is remembered, up to where that which
 * was sent begins. An engine sends the latest part of its own account of the conversation, and behind it what is new.
 * Users' words are the same in both accounts; answers are not: an interrupted one is shorter in the engine's.
 *
 * @param resent - With what is new as its last entry.
 * @returns a part of `remembered`, in its order; none of it stands in `resent`.
 */
export function findDropped<TTurn extends Said>(
  remembered: readonly TTurn[],
  resent: readonly Said[],
  { isContinued }: ResentFacts = { isContinued: false },
): readonly TTurn[] {
  const known = leaveOutRetried(remembered, resent.at(-1), isContinued);
  const before = resent.slice(-lookedAtMax, -1);
  const anchor = findAnchor(known, before);
  const dropped =
    anchor === undefined
      ? withoutLastAnswer(known, before)
      : withoutAnswersBefore(known.slice(0, anchor.remembered), before.slice(0, anchor.resent));
  const answers = new Set(
    before.filter(({ role }) => role === "assistant").map(({ text }) => toComparable(text)),
  );
  // A greeting is said once in each session, and is sent again in each.
  return dropped.filter(({ role, text }) => role === "user" || !answers.has(toComparable(text)));
}

/** A question that is sent once more, because nothing was heard of its answer, is not one that was dropped. */
function leaveOutRetried<TTurn extends Said>(
  remembered: readonly TTurn[],
  fresh: Said | undefined,
  isContinued: boolean,
): readonly TTurn[] {
  const last = remembered.findLastIndex(({ role }) => role === "user");
  const asked = remembered[last];
  if (asked === undefined || fresh?.role !== "user") return remembered;
  if (toComparable(asked.text) !== toComparable(fresh.text)) return remembered;
  const isUnanswered = remembered.slice(last + 1).every(({ text }) => text === "");
  const isSameTurn = fresh.turnId !== undefined && fresh.turnId === asked.turnId;
  return isUnanswered || isSameTurn || isContinued ? remembered.slice(0, last) : remembered;
}

/** Where what was sent begins in what is remembered: at the first user's words of their longest common account. */
function findAnchor(remembered: readonly Said[], resent: readonly Said[]): Anchor | undefined {
  const known = listUsers(remembered);
  const sent = listUsers(resent);
  const lengths = measureCommon(known, sent);
  let anchor: Anchor | undefined;
  let [one, other] = [known.length, sent.length];
  // From the end: the same words may have been said before, and the latest are meant.
  while (one > 0 && other > 0) {
    const [mine, theirs] = [known[one - 1] as Placed, sent[other - 1] as Placed];
    if (mine.text === theirs.text) {
      anchor = { remembered: mine.index, resent: theirs.index };
      one--;
      other--;
    } else if (lengthAt(lengths, one, other - 1) >= lengthAt(lengths, one - 1, other)) other--;
    else one--;
  }
  return anchor;
}

const lengthAt = (lengths: readonly Uint16Array[], one: number, other: number): number =>
  lengths[one]?.[other] ?? 0;

/** The length of the longest common account of each pair of beginnings. */
function measureCommon(known: readonly Placed[], sent: readonly Placed[]): readonly Uint16Array[] {
  const lengths = [new Uint16Array(sent.length + 1)];
  for (const [row, { text }] of known.entries()) {
    const line = new Uint16Array(sent.length + 1);
    for (const [column, other] of sent.entries())
      line[column + 1] =
        other.text === text
          ? lengthAt(lengths, row, column) + 1
          : Math.max(lengthAt(lengths, row, column + 1), line[column] ?? 0);
    lengths.push(line);
  }
  return lengths;
}

function listUsers(list: readonly Said[]): Placed[] {
  return list.flatMap(({ role, text }, index) =>
    role === "user" ? [{ index, text: toComparable(text) }] : [],
  );
}

/** A window may begin with an answer: then the answer that stands in its place is sent as well. */
function withoutAnswersBefore<TTurn extends Said>(
  dropped: readonly TTurn[],
  sent: readonly Said[],
): readonly TTurn[] {
  let left = dropped.length;
  for (let at = sent.length - 1; at >= 0 && sent[at]?.role === "assistant"; at--) {
    if (dropped[left - 1]?.role !== "assistant") break;
    left--;
  }
  return dropped.slice(0, left);
}

/** Where no user's words are sent again, the last answer may be: whole, or as far as it was spoken. */
function withoutLastAnswer<TTurn extends Said>(
  remembered: readonly TTurn[],
  sent: readonly Said[],
): readonly TTurn[] {
  const last = remembered.at(-1);
  if (last?.role !== "assistant") return remembered;
  const text = toComparable(last.text);
  const isSent = sent.some((one) => one.role === "assistant" && isSameAnswer(toComparable(one.text), text));
  return isSent ? remembered.slice(0, -1) : remembered;
}

function isSameAnswer(one: string, other: string): boolean {
  return one !== "" && other !== "" && (one.startsWith(other) || other.startsWith(one));
}
