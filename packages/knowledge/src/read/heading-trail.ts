/** The headings that the place in a document stands under, while it is read from the front. */
export type HeadingTrail = {
  /** The headings at this place, outermost first. */
  readonly headings: readonly string[];
  /** Ends what stands at a level or deeper. */
  leave(level: number): void;
  /** Goes below a heading. */
  enter(level: number, text: string): void;
};

// A heading is a label. What is longer is text that was marked as one.
const headingCharsMax = 200;

/** Starts above the first heading. */
export function createHeadingTrail(): HeadingTrail {
  let open: { readonly level: number; readonly text: string }[] = [];
  let headings: readonly string[] = [];

  const leave = (level: number) => {
    open = open.filter((heading) => heading.level < level);
    headings = open.map((heading) => heading.text);
  };

  return {
    get headings() {
      return headings;
    },
    leave,
    enter(level, text) {
      leave(level);
      // The cut may go through a pair of surrogates, which then leaves neither.
      const label = text.replaceAll(/\s+/gu, " ").trim().slice(0, headingCharsMax);
      open.push({ level, text: label.isWellFormed() ? label : label.slice(0, -1) });
      headings = open.map((heading) => heading.text);
    },
  };
}
