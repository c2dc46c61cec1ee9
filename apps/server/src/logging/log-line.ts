import { cutText } from "./to-loggable.ts";

const lineBytesMax = 8_192;

type Entry = { readonly level?: string; readonly time?: string; readonly msg?: string } & Record<
  string,
  unknown
>;

/** Keeps a line within 8 KiB: of a longer one the beginning of its message and the names of its fields stay. */
export function toBoundedLine(line: string): string {
  const bytes = Buffer.byteLength(line);
  if (bytes <= lineBytesMax) return line;
  const { level, time, msg, ...fields } = JSON.parse(line) as Entry;
  const cut = {
    level,
    time,
    // Escaped, a character takes up to six bytes.
    msg: cutText(msg ?? "", 1_000),
    cut: {
      bytes,
      fields: Object.keys(fields)
        .slice(0, 20)
        .map((name) => cutText(name, 16)),
    },
  };
  return `${JSON.stringify(cut)}\n`;
}

/** Writes an entry for people: time, level, message, and the rest as name=value. */
export function toPrettyLine(line: string): string {
  const { level = "info", time = "", msg = "", err, ...fields } = JSON.parse(line) as Entry;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${toPrettyValue(value)}`);
  const head = [time.slice(11, 19), level.toUpperCase().padEnd(5), withoutControls(msg), ...rest].join(" ");
  return `${head}\n${err === undefined ? "" : toPrettyError(err)}`;
}

function toPrettyValue(value: unknown): string {
  return typeof value === "string" && /^[\w./:@-]+$/.test(value)
    ? value
    : withoutControls(JSON.stringify(value));
}

function toPrettyError(error: unknown): string {
  const { stack, ...rest } = typeof error === "object" && error !== null ? (error as Entry) : { error };
  const lines = typeof stack === "string" ? stack.split("\n") : [];
  return [JSON.stringify(rest), ...lines].map((text) => `    ${withoutControls(text)}\n`).join("");
}

/** What a caller sent must not move the cursor of whoever reads the log. */
function withoutControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return `\\u${code.padStart(4, "0")}`;
  });
}
