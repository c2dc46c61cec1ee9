import { DomainError } from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import type { KnowledgeService } from "../knowledge/create-knowledge.ts";
import { toContextMessage } from "../knowledge/to-context-message.ts";
import type { VoiceKnowledge } from "./knowledge-port.ts";

/** What it stands on. */
export type VoiceKnowledgeDeps = {
  readonly storage: Pick<Storage, "bases">;
  readonly knowledge: Pick<KnowledgeService, "retrieve" | "requireBase">;
};

const idPrefix = "kb_";
const namesMax = 1000;

/** Creates the way of voice engines' calls to knowledge bases. */
export function createVoiceKnowledge({ storage, knowledge }: VoiceKnowledgeDeps): VoiceKnowledge {
  /** People say names; where several bases have the same one, the newest is meant. */
  async function findByName(userId: number | null, name: string): Promise<string> {
    if (name.startsWith(idPrefix) || userId === null) return name;
    const bases = await storage.bases.listReadable(userId, { limit: namesMax });
    return bases.find((base) => base.name === name)?.id ?? name;
  }

  return {
    async find({ userId, kind }, name, isConfigured) {
      const reader = isConfigured ? null : userId;
      if (kind === "open" && !isConfigured)
        throw new DomainError("not_found", "There is no such knowledge base.");
      const baseId = await findByName(reader, name);
      await knowledge.requireBase(reader, baseId);
      return { baseId, userId: reader };
    },

    async retrieve({ base, text, topK, signal }) {
      const found = await knowledge.retrieve(base.userId, { baseId: base.baseId, text, topK, signal });
      const message = toContextMessage(found);
      return message === undefined ? undefined : { text: message, passages: found.length };
    },
  };
}
