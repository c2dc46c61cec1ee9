/** What must not appear in a text. */
export type Secrets = {
  readonly key?: string | undefined;
  /** Host and port of the upstream. */
  readonly host?: string | undefined;
};

const charsReadMax = 4000;
const charsMax = 300;

/** How keys of well-known providers begin. */
const keyStart = /^((sk|pk|rk|gsk|xai|pplx|nvapi|hf|r8|csk|tgp|fw|key|ak|bce)[-_]|AIza)/;
const address = /^\[?(\d{1,3}(\.\d{1,3}){3}|[\da-f]*:[\da-f:]*:[\da-f:.]*)\]?(:\d+)?$/i;
const hostAndPort = /^[a-z\d][a-z\d.-]*:\d{2,5}$/i;
const innerHost = /^[a-z\d-]+(\.[a-z\d-]+)*\.(local|internal|lan|svc|cluster|intranet|corp)(\.[a-z\d-]+)*$/i;

/** A long run of letters and digits, as no word and no model's name has: at least 20 without a separator, of both kinds. */
function isToken(word: string): boolean {
  return word.split(/[-.:/]/).some((run) => run.length >= 20 && /\d/.test(run) && /[a-z]/i.test(run));
}

/** A piece of the key that is long enough to be worth something. */
function isPartOfKey(word: string, key: string | undefined): boolean {
  if (key === undefined || key.length < 8 || word.length < 8) return false;
  return key.includes(word) || word.includes(key.slice(0, 8));
}

function isKey(word: string, key: string | undefined): boolean {
  if (/\*{3}|…|\.{3}./.test(word) || isPartOfKey(word, key)) return true;
  return (keyStart.test(word) && word.length >= 12 && /\d|\*/.test(word)) || isToken(word);
}

function isHost(word: string, host: string | undefined): boolean {
  if (address.test(word) || hostAndPort.test(word) || innerHost.test(word)) return true;
  const name = host?.replace(/:\d+$/, "").toLowerCase();
  // A host of one word, such as `ollama`, may be any word of the sentence.
  return name !== undefined && name.includes(".") && word.toLowerCase().includes(name);
}

function scrubWord(word: string, { key, host }: Secrets): string {
  if (word.includes("://") || /^www\./i.test(word)) return "[link]";
  if (key !== undefined && key !== "" && word.includes(key)) return word.replaceAll(key, "[key]");
  // Quotes and full stops around a word are not part of it.
  const bare = word.replace(/^[^\p{L}\p{N}*[]+/u, "").replace(/[^\p{L}\p{N}*\]]+$/u, "");
  if (bare === "") return word;
  if (isHost(bare, host)) return word.replace(bare, "[host]");
  return isKey(bare, key) ? word.replace(bare, "[key]") : word;
}

/**
 * Makes a provider's sentence fit to be shown: without keys (whole, in part, or masked), links, addresses, hosts and
 * control characters, in one line, and short. Its cost grows with the length of the text alone.
 */
export function scrub(text: string, secrets: Secrets = {}): string {
  const words = text
    .slice(0, charsReadMax)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\s]+/gu, " ")
    .trim()
    .split(" ");
  const scrubbed = words.map((word, index) =>
    /^bearer$/i.test(words[index - 1] ?? "") ? "[key]" : scrubWord(word, secrets),
  );
  const line = scrubbed.join(" ");
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1).toWellFormed()}…`;
}
