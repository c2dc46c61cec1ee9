import { createDocumentReader } from "../../src/read/create-document-reader.ts";
import { getDocumentKind } from "../../src/read/document-kind.ts";

// Usage: node --conditions=@llm-backend/source read-one.ts <document> stays|leaves
const [path = "", ending] = process.argv.slice(2);
const kind = getDocumentKind(path, new Uint8Array());
const reader = createDocumentReader({
  limits: { seconds: 600, memoryBytes: 2 ** 30, textCharsMax: 100_000_000 },
  sizes: { target: 1000, max: 1500, overlap: 100 },
});
if (ending === "stays") setInterval(() => {}, 1000);
await Array.fromAsync(reader.read({ path, name: path, kind }, { signal: new AbortController().signal }));
