import type { Rule } from "../rule.ts";

/** What a file gives is written out by name, so that its face changes only where somebody means to change it. */
export const namedExports: Rule = {
  name: "named-exports",
  *find({ sources }) {
    for (const { path, kind, starExportLines } of sources) {
      if (kind === "config") continue;
      for (const line of starExportLines)
        yield { path, line, message: "Exports are named one by one, without *." };
    }
  },
};
