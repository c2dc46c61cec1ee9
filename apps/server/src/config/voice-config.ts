import type { VoiceSettings } from "@llm-backend/server";
import type { ConfigFile } from "./config-schema.ts";

/** What calls of voice engines take from the section `voice`. */
export function toVoiceSettings(voice: ConfigFile["voice"]): VoiceSettings {
  return {
    model: voice.model,
    waitingSentences: voice.waiting_sentences,
    knowledgeBase: voice.knowledge_base,
    passagesMax: voice.top_k,
    metadata: voice.metadata,
    tools: { allow: voice.tools, roundsMax: voice.tool_rounds_max },
    memory: {
      isEnabled: voice.memory.enabled,
      turnsMax: voice.memory.turns_max,
      keptMs: Math.round(voice.memory.hours * 3_600_000),
    },
  };
}
