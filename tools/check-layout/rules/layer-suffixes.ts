import { basename } from "node:path/posix";
import type { Rule } from "../rule.ts";

/** The one place of the files that carry a layer's suffix. */
const homes: Readonly<Record<string, string>> = {
  router: "packages/server/",
  service: "packages/server/",
  repository: "packages/storage/",
};

/** A suffix tells the layer, so a layer's suffix appears in the layer's package only. */
export const layerSuffixes: Rule = {
  name: "layer-suffixes",
  *find({ sources }) {
    for (const { path, kind } of sources) {
      const suffix = /-([a-z]+)\.tsx?$/.exec(basename(path))?.[1] ?? "";
      const home = homes[suffix];
      if (kind !== "source" || home === undefined || path.startsWith(home)) continue;
      yield { path, line: 1, message: `The suffix -${suffix} belongs to files of ${home.slice(0, -1)}.` };
    }
  },
};
