/** What the upstream answers; a request names it by its model. */
export type Script =
  /** The whole answer as fast as the socket takes it. */
  | { readonly kind: "burst"; readonly tokens: number }
  /** A token every `intervalMs`, each with its number and the time at which it was sent. */
  | { readonly kind: "paced"; readonly tokens: number; readonly intervalMs: number };

/** The model that asks for a script. */
export function toModel(script: Script): string {
  return script.kind === "burst"
    ? `burst-${script.tokens}`
    : `paced-${script.tokens}-every-${script.intervalMs}`;
}

/** The script that a model asks for; a model that asks for none gets ten tokens at once. */
export function toScript(model: string): Script {
  const [, tokens, intervalMs] = /^(?:burst|paced)-(\d+)(?:-every-(\d+))?$/.exec(model) ?? [];
  if (intervalMs === undefined) return { kind: "burst", tokens: Number(tokens ?? 10) };
  return { kind: "paced", tokens: Number(tokens), intervalMs: Number(intervalMs) };
}

/** The text of a burst, one piece a token: its number, so that a lost, doubled or misplaced one shows. */
export function toTexts(tokens: number): string[] {
  return Array.from({ length: tokens }, (_, index) => `${index} `.padStart(4, "_").slice(-4));
}

/** What a message says so that the tokens of its answer are counted from another number than 0. */
export function toCountFrom(first: number): string {
  return `Count from ${first}, please.`;
}

/** The number of the first token that a request asks for. */
export function readFirst(body: string): number {
  return Number(/Count from (\d+), please/.exec(body)?.[1] ?? 0);
}
