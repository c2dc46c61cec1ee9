/** What is no text of a page: programs, styles, controls, pictures, and ways to other pages. */
export const skippedTags: ReadonlySet<string> = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "svg",
  "canvas",
  "iframe",
  "frame",
  "object",
  "embed",
  "applet",
  "audio",
  "video",
  "map",
  "nav",
  "menu",
  "dialog",
  "select",
  "datalist",
  "button",
  "input",
  "textarea",
  // The readings above Chinese characters: between them they would tear words apart.
  "rt",
  "rp",
]);

/** What begins and ends a paragraph. */
export const blockTags: ReadonlySet<string> = new Set([
  "address",
  "article",
  "aside",
  "blockquote",
  "body",
  "center",
  "dd",
  "details",
  "div",
  "dl",
  "dt",
  "fieldset",
  "figcaption",
  "figure",
  "footer",
  "form",
  "header",
  "hgroup",
  "hr",
  "html",
  "legend",
  "main",
  "p",
  "section",
  "summary",
]);

/** Tells whether an element is not there for who looks at the page, or is only a way to other pages. */
export function isHidden(attributes: Readonly<Record<string, string>>): boolean {
  const style = attributes["style"] ?? "";
  return (
    "hidden" in attributes ||
    attributes["aria-hidden"] === "true" ||
    attributes["role"] === "navigation" ||
    /(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)/iu.test(style.slice(0, 2000))
  );
}
