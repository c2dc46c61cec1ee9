import type { JsonSchema, OpenApiDocument, Operation } from "./openapi-document.ts";

/** Renders the document as one page of HTML that needs no script and nothing from elsewhere. */
export function renderDocsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? "");
  const sections = [...groups].map(
    ([group, members]) => `<h2>${escapeHtml(group)}</h2>${members.map(renderOperation).join("")}`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(document.info.title)} REST API</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(document.info.title)} REST API <small>${escapeHtml(document.info.version)}</small></h1>
<p>${renderInline(document.info.description)} The same as a document for tools: <a href="openapi.json">openapi.json</a>.</p>
${sections.join("\n")}
</body>
</html>
`;
}

type Listed = { readonly path: string; readonly method: string; readonly operation: Operation };

function renderOperation({ path, method, operation }: Listed): string {
  const body = operation.requestBody?.content["application/json"]?.schema;
  const parts = [
    `<p>${escapeHtml(operation.summary)}${operation.security.length === 0 ? " (no token needed)" : ""}.</p>`,
    renderTable(
      "Parameters",
      operation.parameters.map((parameter) => [
        parameter.name,
        `${parameter.in}, ${String(parameter.schema.type)}`,
        parameter.description,
      ]),
    ),
    body === undefined ? "" : renderTable("Body", listFields(body)),
    renderTable(
      "Answers",
      Object.entries(operation.responses).map(([status, response]) => [
        status,
        describe(response.content?.["application/json"]?.schema),
        response.description,
      ]),
    ),
  ];
  return `<section id="${operation.operationId}"><h3><b>${method}</b> <code>${escapeHtml(path)}</code></h3>${parts.join("")}</section>`;
}

function renderTable(title: string, rows: readonly (readonly [string, string, string])[]): string {
  if (rows.length === 0) return "";
  const lines = rows.map(
    ([name, type, text]) =>
      `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td><code>${escapeHtml(type)}</code></td><td>${renderInline(text)}</td></tr>`,
  );
  return `<table><caption>${title}</caption>${lines.join("")}</table>`;
}

function listFields(schema: JsonSchema): [string, string, string][] {
  const required = (schema.required ?? []) as readonly string[];
  return Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).map(([name, field]) => [
    name,
    describe(field),
    [required.includes(name) ? "required" : "optional", field.description].filter(Boolean).join("; "),
  ]);
}

/** A schema in a few words: `{token: string}`. */
function describe(schema: JsonSchema | undefined): string {
  if (schema === undefined) return "";
  if (typeof schema.$ref === "string") return schema.$ref.endsWith("/Error") ? "{error: string}" : "frames";
  if (schema.type === "array") return `[${describe(schema.items as JsonSchema)}]`;
  if (schema.type === "object") {
    const fields = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
    return `{${fields.map(([name, field]) => `${name}: ${describe(field)}`).join(", ")}}`;
  }
  return String(schema.type);
}

/** Text with `code` in it. */
function renderInline(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]*)`/g, "<code>$1</code>");
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2024; background: #fff; }
h3 { border-top: 1px solid #ddd; padding-top: 1rem; } h3 b { color: #0a6; } small { color: #666; font-weight: normal; }
code { font: 0.9em ui-monospace, monospace; } table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1rem; }
caption { text-align: left; font-weight: 600; } th, td { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; border-top: 1px solid #eee; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #16181a; } h3, th, td { border-color: #333; } a { color: #6cf; } }
`;
