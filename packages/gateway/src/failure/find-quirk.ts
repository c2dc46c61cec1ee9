import type { Quirk } from "../failover/quirks.ts";

/** About images as such, not about one that is broken, too large, or cannot be fetched. */
const noImages = new RegExp(
  [
    /(does not|doesn't|do not|cannot|can't|not) (currently )?(support|accept|allow|take)(ed|ing)?( for)?( any)? (image|vision|multi-?modal)/,
    /(cannot|can't|unable to) (handle|process|read|see) images/,
    /(image|vision|multi-?modal)s?( (inputs?|content|messages?|understanding|parts?))? (is|are) (not |un)(supported|enabled|allowed|available|accepted)/,
    /image_url.{0,40}(only supported|not supported|unsupported|not permitted)/,
    /(unknown variant|unexpected|unsupported|invalid).{0,30}image_url/,
    /not a (multi-?modal|vision)/,
    /(no endpoints|no models?).{0,40}support.{0,10}image/,
    /at most 0 image/,
    /content\W{0,4} (must|should) be a (valid )?string/,
    /mmproj/,
    /text-only model|only (supports?|accepts?|takes?) text/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "i",
);

/** About tools as such, not about one of them, their number, or a choice between them. */
const noTools = new RegExp(
  [
    /(does not|doesn't|do not|cannot|can't|not) (currently )?(support|accept|allow|take)(ed|ing)?( for)?( the use of| using)?( any)?( parameters?:?)? ?\W{0,4}(tools?|functions?)([ _-]?(use|calls?|calling))?\b(?![[.])/,
    /\b(tools?|functions?)([ _-]?(use|calling|calls))?\W{0,3}( parameters?| inputs?)? ?((is|are) )?(not |un)(currently )?(supported|enabled|allowed|available|permitted|accepted) ?(["'.,]|with|for|by|on|$)/,
    /(no endpoints|no models?).{0,40}support.{0,10}(tool|function)/,
    /(unrecognized|unknown|unsupported|unexpected|extra).{0,40}\W(tools|functions)(["'.,\s]|$)/,
    /"(tools|functions)"\].{0,60}(extra|not permitted)/,
    /enable-auto-tool-choice|tool-call-parser|tools? param(eter)?s? requires/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "i",
);

/** How upstreams say that they do not take something; the first that fits. */
const signs: readonly (readonly [Quirk, RegExp])[] = [
  ["no_stream_options", /stream_options|include_usage/],
  ["no_images", noImages],
  ["no_tools", noTools],
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
