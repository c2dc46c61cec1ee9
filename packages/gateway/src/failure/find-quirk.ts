import type { Quirk } from "../failover/quirks.ts";

/** How upstreams say that they do not take something; the first that fits. */
const signs: readonly (readonly [Quirk, RegExp])[] = [
  ["no_stream_options", /stream_options|include_usage/],
  [
    "only_streams",
    /only supports? (the )?stream|(must|should|please|need to) (set|enable|use) (the )?\W?stream\W? ?(parameter|mode|to true)|stream\W? (must|should) be (set to )?\W?true|non-?stream(ing)? (calls?|requests?|mode|responses?)? ?(is |are )?(not|un)|(enable_thinking|thinking).{0,60}non-streaming/i,
  ],
  [
    "never_streams",
    /stream(ing|ed)?\W? ?(mode|responses?|requests?|output)? ?(is |are )?(not (yet )?(supported|available|allowed|enabled)|unsupported)|(does not|doesn't|cannot|can't) (support )?stream/i,
  ],
  [
    "no_prefill",
    /prefill|(last|final) message.{0,60}(assistant|user)|(assistant|ai).{0,40}(last|final) message|must end with (a )?user|continue_final_message|\bpartial\b|\bprefix\b/i,
  ],
];

/** Finds in a refusal what of the request's form the upstream does not take. */
export function findQuirk(body: string): Quirk | undefined {
  const read = body.slice(0, 4000);
  return signs.find(([, pattern]) => pattern.test(read))?.[0];
}
