import type { Rule } from "../rule.ts";

/** What must not stand in a comment, by the sentence that says why. */
const forbidden: readonly (readonly [RegExp, string])[] = [
  [/\b(TODO|FIXME)\b/, "What is left to do is done, or written down outside of the source."],
  [
    /^\s*(oxlint|eslint)-disable(?![\s\S]*? -- \S)/,
    "A rule of the linter is switched off with its reason: `-- only interfaces merge`.",
  ],
  [
    /^\s*@ts-(ignore|nocheck)\b/,
    "The type checker is not switched off: @ts-expect-error with a reason says more.",
  ],
];

/** Comments put off no work, and switch off no check without a word. */
export const forbiddenComments: Rule = {
  name: "forbidden-comments",
  *find({ sources }) {
    for (const { path, comments } of sources) {
      for (const { text, line } of comments) {
        const broken = forbidden.filter(([pattern]) => pattern.test(text));
        yield* broken.map(([, message]) => ({ path, line, message }));
      }
    }
  },
};
