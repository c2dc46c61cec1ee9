import type { PackedFile } from "./open-package.ts";
import { readXml } from "./read-xml.ts";

/** The level of the headings that a style makes, by the style's id. */
export type DocxStyles = ReadonlyMap<string, number>;

type OpenStyle = { readonly id: string; level: number | undefined; basedOn: string | undefined };

/** Reads which styles make headings: by their names, which are English in every language, or their level of outline. */
export async function readDocxStyles(packed: PackedFile, part: string): Promise<DocxStyles> {
  const styles = new Map<string, OpenStyle>();
  let open: OpenStyle | undefined;
  await readXml(packed, part, {
    onopentag(name, attributes) {
      const value = attributes["w:val"] ?? "";
      if (name === "style") {
        open = { id: attributes["w:styleId"] ?? "", level: undefined, basedOn: undefined };
        styles.set(open.id, open);
      }
      if (open === undefined) return;
      if (name === "name") open.level ??= toLevel(value);
      else if (name === "outlineLvl") open.level ??= toOutlineLevel(value);
      else if (name === "basedOn") open.basedOn = value;
    },
    onclosetag(name) {
      if (name === "style") open = undefined;
    },
  });
  const levels = new Map<string, number>();
  for (const style of styles.values()) {
    const level = style.level ?? styles.get(style.basedOn ?? "")?.level;
    if (level !== undefined) levels.set(style.id, level);
  }
  return levels;
}

function toLevel(name: string): number | undefined {
  const lower = name.toLowerCase();
  if (lower === "title") return 1;
  const level = /^heading ([1-9])$/u.exec(lower)?.[1];
  return level === undefined ? undefined : Number(level);
}

/** Levels of outline count from 0; 9 is body text. */
export function toOutlineLevel(value: string): number | undefined {
  return /^[0-8]$/u.test(value) ? Number(value) + 1 : undefined;
}
