// Searches a database once, and has nothing more to do: the process has to end by itself.
import { createHashedEmbedder, createKnowledgeSearch } from "@llm-backend/knowledge";

const [path = "", baseId = "", spaceId = "", text = ""] = process.argv.slice(2);
const hashed = createHashedEmbedder();
const bases = {
  listSpaces: () => Promise.resolve([{ id: Number(spaceId), baseId, model: hashed.model, dims: 384 }]),
};
const search = createKnowledgeSearch({ storage: { bases }, path, findEmbedder: () => hashed });
const { signal } = new AbortController();
const { passages } = await search.search({ text, baseIds: [baseId], limit: 1, userId: 1 }, { signal });
process.stdout.write(passages.map(({ passage }) => passage.content).join("\n"));
