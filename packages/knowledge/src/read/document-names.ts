import type { DocumentKind } from "../ports.ts";

/** The ends of names, by what is read behind them. */
const endings: Readonly<Record<DocumentKind, string>> = {
  text: "txt text log rst adoc asciidoc org tex srt vtt",
  markdown: "md markdown mdown mkd mdx",
  html: "html htm xhtml",
  pdf: "pdf",
  docx: "docx docm dotx",
  csv: "csv tsv tab",
  json: "json jsonl ndjson geojson ipynb webmanifest",
  code: [
    "ts tsx mts cts js jsx mjs cjs vue svelte astro css scss sass less xml xsl xslt xsd svg json5 jsonc",
    "py pyi pyx rb rs go java kt kts scala groovy gradle clj cljs cljc erl hrl ex exs hs elm ml mli fs fsx fsi",
    "c h cc cpp cxx hh hpp hxx m mm cs swift dart lua pl pm php r jl nim zig v sol asm s f f90 f95 pas d vb vbs",
    "sh bash zsh fish ps1 psm1 bat cmd awk sed sql graphql gql proto thrift prisma tf tfvars hcl nix cmake mk",
    "yaml yml toml ini cfg conf properties env lock patch diff dockerfile editorconfig gitignore",
  ].join(" "),
};

/** Names without an ending that everybody knows. */
const wholeNames: Readonly<Record<string, DocumentKind>> = {
  readme: "text",
  license: "text",
  licence: "text",
  copying: "text",
  notice: "text",
  authors: "text",
  changelog: "text",
  changes: "text",
  todo: "text",
  dockerfile: "code",
  containerfile: "code",
  makefile: "code",
  gemfile: "code",
  rakefile: "code",
  procfile: "code",
  jenkinsfile: "code",
  vagrantfile: "code",
};

const kindByEnding = new Map<string, DocumentKind>();
for (const [kind, list] of Object.entries(endings) as [DocumentKind, string][]) {
  for (const ending of list.split(" ")) kindByEnding.set(ending, kind);
}

/** What a name says about a document; undefined where it says nothing that is read. */
export function findKindOfName(name: string): DocumentKind | undefined {
  const base = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1).toLowerCase();
  const dot = base.lastIndexOf(".");
  if (dot === -1) return Object.hasOwn(wholeNames, base) ? wholeNames[base] : undefined;
  return kindByEnding.get(base.slice(dot + 1));
}
