import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";

type Content = CallToolResult["content"][number];

/** What a tool answered, as text for the model: what is no text is named. */
export function toResultText({ content, structuredContent }: CallToolResult): string {
  const texts = content.map(toText).filter((text) => text !== "");
  // Servers that answer with a structure repeat it as text; those that do not must not seem to say nothing.
  if (texts.length === 0 && structuredContent !== undefined) return JSON.stringify(structuredContent);
  return texts.join("\n");
}

function toText(part: Content): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "image":
    case "audio":
      return `[${part.type}: ${part.mimeType}, ${toBytes(part.data)} bytes, not shown]`;
    case "resource_link":
      return `[resource: ${part.name} ${part.uri}]`;
    case "resource": {
      const { resource } = part;
      if ("text" in resource) return resource.text;
      return `[resource: ${resource.uri}, ${toBytes(resource.blob)} bytes, not shown]`;
    }
  }
}

/** Base64 has four characters for three bytes. */
function toBytes(base64: string): number {
  return Math.floor((base64.replace(/=+$/, "").length * 3) / 4);
}
