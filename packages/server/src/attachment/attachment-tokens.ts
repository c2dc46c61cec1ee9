import type { ImageSize } from "./image-size.ts";

/** What providers ask for the smallest image, and for one that they have to make smaller, by their documentation. */
const imageTokensMin = 255;
const imageTokensMax = 1600;
const pixelsPerToken = 750;

/**
 * Estimates what an image costs in a prompt. Providers count in their own ways, most of them by tiles or by pixels, and
 * make large images smaller first; this is on the high side for those whose way is known.
 */
export function estimateImageTokens({ width, height }: ImageSize): number {
  const tokens = Math.ceil((width * height) / pixelsPerToken);
  return Math.min(imageTokensMax, Math.max(imageTokensMin, tokens));
}
