// The earlier gateway was called with flags alone, in the manner of Go: one dash or two, `-flag value` or `-flag=value`,
// switches that may be told `=false`, and everything behind the first word that is no flag left to itself.

const earlierValues = ["addr", "database", "config", "sk", "endpoint"] as const;
const earlierSwitches = ["add", "list", "noauth", "dblog"] as const;
/** Flags of ours that a call in the earlier manner may have as well. */
const ownValues = ["data", "log-level"] as const;

type ValueFlag = (typeof earlierValues)[number] | (typeof ownValues)[number];
type Switch = (typeof earlierSwitches)[number];

const valueFlags = new Set<string>([...earlierValues, ...ownValues]);
const switches = new Set<string>(earlierSwitches);

/** Where an upstream was added to unless the caller said so. */
const defaultEndpoint = "https://api.openai.com/v1";

type EarlierCall = {
  readonly values: Map<ValueFlag, string | undefined>;
  readonly on: Set<Switch>;
  /** What means nothing to the earlier gateway; the commands of ours decide. */
  readonly rest: string[];
};

/**
 * Translates a call in the earlier gateway's manner into one of ours; any other is returned as it is.
 *
 * @example
 * translateEarlierFlags(["-add", "-sk", "sk-1", "-database", "./db.sqlite"]);
 * // ["upstream", "add", "--database=./db.sqlite", "--endpoint=https://api.openai.com/v1", "--key=sk-1"]
 */
export function translateEarlierFlags(args: readonly string[]): readonly string[] {
  // A command of ours comes first, and has flags of its own.
  if (args[0]?.startsWith("-") !== true) return args;
  const { values, on, rest } = readCall(args);
  const pick = (...names: ValueFlag[]) =>
    names.flatMap((name) => (values.has(name) ? [toFlag(name, values.get(name))] : []));
  if (on.has("add")) {
    const endpoint = values.get("endpoint") ?? defaultEndpoint;
    // Without a key there is nothing behind it, and the command says so.
    const key = toFlag("key", values.get("sk"));
    return ["upstream", "add", ...pick("config", "data", "database"), `--endpoint=${endpoint}`, ...rest, key];
  }
  if (on.has("list")) return ["upstream", "list", "--plain", ...pick("config", "data", "database"), ...rest];
  const isDebug = on.has("dblog") && !values.has("log-level");
  return [
    ...pick("addr", "config", "data", "database", "log-level"),
    ...(on.has("noauth") ? ["--noauth"] : []),
    // It logged every statement; this server logs every attempt.
    ...(isDebug ? ["--log-level=debug"] : []),
    ...rest,
  ];
}

function readCall(args: readonly string[]): EarlierCall {
  const call: EarlierCall = { values: new Map(), on: new Set(), rest: [] };
  let index = 0;
  while (index < args.length) {
    const word = args[index] as string;
    const { name, value } = readFlag(word);
    if (name === undefined) {
      // Nothing behind it is a flag any more.
      call.rest.push(...args.slice(index));
      break;
    }
    index++;
    if (valueFlags.has(name)) {
      call.values.set(name as ValueFlag, value ?? args[index]);
      if (value === undefined) index++;
    } else if (switches.has(name) && toBoolean(value) !== undefined) {
      if (toBoolean(value) === true) call.on.add(name as Switch);
      else call.on.delete(name as Switch);
    } else {
      call.rest.push(name === "help" ? "--help" : word);
    }
  }
  return call;
}

/** Reads `-name`, `--name`, `-name=value`; no name for what is no flag: a word, a dash alone, or what ends the flags. */
function readFlag(word: string): { readonly name?: string; readonly value?: string } {
  const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word);
  if (match?.[1] === undefined) return {};
  return { name: match[1], ...(match[2] === undefined ? {} : { value: match[2] }) };
}

/** As Go reads it; a switch without a value is on. */
function toBoolean(value: string | undefined): boolean | undefined {
  if (value === undefined || /^(?:1|t|T|true|TRUE|True)$/.test(value)) return true;
  return /^(?:0|f|F|false|FALSE|False)$/.test(value) ? false : undefined;
}

/** In one word, so that a value may begin with a dash; without a value, for the command to miss it. */
function toFlag(name: string, value: string | undefined): string {
  return value === undefined ? `--${name}` : `--${name}=${value}`;
}
