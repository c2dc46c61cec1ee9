import type { Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import type { ForwardService, IncomingCall } from "../forward/forward-service.ts";
import type { NewId } from "../identity/new-id.ts";
import { defaultToolSettings, emptyToolBox, type ToolBox, type ToolSettings } from "../tool/tool-box.ts";
import { answerCall } from "./answer-call.ts";
import { answerText } from "./answer-text.ts";
import { isOfEngine } from "./engine-call.ts";
import type { VoiceKnowledge } from "./knowledge-port.ts";
import { createVoiceMemory } from "./memory/voice-memory.ts";
import { createOwnTools } from "./own-tools.ts";
import type { AnswerCall, AnswerText, VoiceFace } from "./ports.ts";
import { readCall } from "./read-call.ts";
import type { VoiceDeps } from "./voice-deps.ts";
import { defaultVoiceSettings, type VoiceSettings } from "./voice-settings.ts";

/** What the service stands on. */
export type VoiceServiceDeps = {
  readonly storage: Storage;
  readonly gateway: Pick<Gateway, "forward">;
  readonly forward: Pick<ForwardService, "forward" | "noteRefused">;
  readonly newId: NewId;
  readonly now: () => number;
  readonly settings?: Partial<VoiceSettings> | undefined;
  readonly toolBox?: ToolBox | undefined;
  readonly toolSettings?: ToolSettings | undefined;
  /** Undefined where there are no knowledge bases. */
  readonly knowledge?: VoiceKnowledge | undefined;
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number;
  readonly onInternalError: (error: unknown) => void;
};

/** The calls of voice engines: what is theirs beside OpenAI's format, in front of the calls of `/v1`. */
export type VoiceService = ReturnType<typeof createVoiceService>;

/** Creates the service. */
export function createVoiceService(deps: VoiceServiceDeps) {
  const { storage, now, onInternalError, toolBox: box = emptyToolBox } = deps;
  const settings: VoiceSettings = { ...defaultVoiceSettings, ...deps.settings };
  const memory = createVoiceMemory({ storage, settings: settings.memory, now, onInternalError });
  const tools = createOwnTools({
    box,
    storage,
    settings: deps.toolSettings ?? defaultToolSettings,
    voice: settings.tools,
    now,
    onInternalError,
  });
  const parts: VoiceDeps = {
    rounds: {
      forward: deps.forward,
      gateway: deps.gateway,
      tools,
      roundsMax: settings.tools.roundsMax,
      newRequestId: () => deps.newId.text("req"),
    },
    prepare: {
      settings,
      memory,
      tools,
      knowledge: deps.knowledge,
      random: deps.random ?? Math.random,
      now,
      onInternalError,
    },
  };

  const answerAs =
    (face: VoiceFace): AnswerCall =>
    async (incoming, answer) =>
      answerCall(parts, readCall(deps.forward, { face, incoming }), answer);
  const textFor =
    (face: VoiceFace): AnswerText =>
    async (incoming, take) => {
      const further = Object.keys(take.fields ?? {});
      return answerText(parts, readCall(deps.forward, { face, incoming, further }), take);
    };

  return {
    /** Answers `/chat/completions`. */
    answerChat: answerAs("chat"),
    /** Answers `/rag/chat/completions`. */
    answerRag: answerAs("rag"),
    /** Answers `/audio/chat/completions` as text, for whoever speaks it. */
    answerAudioText: textFor("audio"),

    /** Whether a call of `/v1/chat/completions` is of a voice engine. Costs next to nothing for those that are not. */
    isOfEngine({ method, body }: IncomingCall["request"]): boolean {
      return method === "POST" && body.kind === "whole" && isOfEngine(body.bytes);
    },

    /** Forgets conversations that nobody goes on with. */
    sweep: (signal?: AbortSignal) => memory.sweep(signal),
    /** Resolves when everything that is remembered is written. */
    flush: () => memory.flush(),
  };
}
