import type { Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import type { ServicesDeps } from "../backend.ts";
import type { ForwardService } from "../forward/forward-service.ts";
import type { NewId } from "../identity/new-id.ts";
import type { KnowledgeService } from "../knowledge/create-knowledge.ts";
import { createSpeechService, type SpeechService } from "../speech/create-speech.ts";
import { createVoiceKnowledge } from "./voice-knowledge.ts";
import { createVoiceService, type VoiceService } from "./voice-service.ts";

/** What the calls of voice engines stand on. */
export type VoicesDeps = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly forward: ForwardService;
  readonly knowledge: KnowledgeService;
  readonly newId: NewId;
  readonly now: () => number;
  readonly onInternalError: (error: unknown) => void;
  /** What the services were given. */
  readonly deps: Pick<ServicesDeps, "settings" | "speech" | "toolBox">;
};

/** Builds what answers voice engines: in text, and in speech. */
export function createVoices({ deps, ...base }: VoicesDeps): { voice: VoiceService; speech: SpeechService } {
  const { settings } = deps;
  const voice = createVoiceService({
    ...base,
    settings: settings.voice,
    toolBox: deps.toolBox,
    toolSettings: settings.tools,
    knowledge: createVoiceKnowledge(base),
  });
  const speech = createSpeechService({
    ...base,
    answerText: voice.answerAudioText,
    parts: deps.speech,
    settings: settings.speech,
    metadata: settings.voice?.metadata,
  });
  return { voice, speech };
}
