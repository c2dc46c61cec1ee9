import { createHash } from "node:crypto";

const nameCharsMax = 64;
const markChars = 8;

/**
 * What models call a tool: its server's name, two underscores, and its own name, in the letters that every provider
 * takes. One that had to be changed ends with a mark of its real name, so that no two become the same.
 */
export function toToolName(server: string, tool: string): string {
  const name = `${server}__${tool}`;
  const clean = name.replaceAll(/[^\w-]/g, "_");
  if (clean === name && name.length <= nameCharsMax) return name;
  const mark = createHash("sha256").update(name).digest("hex").slice(0, markChars);
  return `${clean.slice(0, nameCharsMax - markChars - 1)}_${mark}`;
}
