import { isFields } from "../engine-fields.ts";
import { textCharsMax, type Turn } from "./turn.ts";

/** What one conversation takes at most, in characters. */
const allCharsMax = 64_000;

/** Reads what was stored; what is older than the time is left out, and so is whatever is none. */
export function readTurns(json: string | undefined, since: number): Turn[] {
  const value: unknown = json === undefined ? [] : JSON.parse(json);
  if (!Array.isArray(value)) return [];
  return value.filter(isTurn).filter(({ at }) => at >= since);
}

function isTurn(value: unknown): value is Turn {
  if (!isFields(value)) return false;
  const { role, text, at } = value;
  return (role === "user" || role === "assistant") && typeof text === "string" && typeof at === "number";
}

/** The latest of them: so many turns, each of which begins with a user's words, and so many characters. */
export function boundTurns(turns: readonly Turn[], turnsMax: number): Turn[] {
  const kept: Turn[] = [];
  let users = 0;
  let chars = 0;
  for (const turn of turns.toReversed()) {
    const text = turn.text.slice(0, textCharsMax).toWellFormed();
    chars += text.length;
    if (chars > allCharsMax) break;
    kept.push({ ...turn, text });
    if (turn.role === "user" && ++users === turnsMax) break;
  }
  return kept.toReversed();
}
