import type { Rule } from "../rule.ts";

const drawers = /^(util|utilitie|utility|helper|common|shared|misc|lib|librarie|library)s?$/;

/** No file and no folder is a drawer: a name says what is inside. */
export const drawerNames: Rule = {
  name: "drawer-names",
  *find({ tree }) {
    const seen = new Set<string>();
    for (const path of tree.keys()) {
      const segments = path.split("/");
      for (const [index, segment] of segments.entries()) {
        const upTo = segments.slice(0, index + 1).join("/");
        if (seen.has(upTo) || !isDrawer(segment)) continue;
        seen.add(upTo);
        yield { path: upTo, line: 1, message: `"${segment}" says nothing: name it after what it does.` };
      }
    }
  },
};

/** `utils.ts`, `utils/`, `test-helpers.ts`: the last word of a name is its role. */
function isDrawer(segment: string): boolean {
  const stem = segment.replaceAll(/\.test(?=\.)|\.[a-z]+$/g, "").toLowerCase();
  return drawers.test(stem.split(/[-_.]/).at(-1) ?? "");
}
