import type { ServiceSettings } from "@llm-backend/server";
import { toKnowledgeSettings } from "./config/knowledge-config.ts";
import type { Config } from "./config/to-config.ts";
import { toVoiceSettings } from "./config/voice-config.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What the services take from the configuration. */
export function toServiceSettings(config: Config): ServiceSettings {
  const { access, auth, chat, limits, records, tools } = config;
  const contexts = Object.entries(chat.models).flatMap(([model, { context_tokens: tokens }]) =>
    tokens === undefined ? [] : [[model, tokens] as const],
  );
  const images = Object.entries(chat.models).flatMap(([model, { images: takes }]) =>
    takes === undefined ? [] : [[model, takes] as const],
  );
  return {
    registration: auth.registration,
    hashing: {
      memoryKib: auth.argon2.memory_kib,
      timeCost: auth.argon2.time_cost,
      concurrency: auth.hash_concurrency,
      queueMax: auth.hash_queue_max,
    },
    loginLimits: {
      perAccountAndAddress: auth.login_limits.per_account_and_address,
      perAddress: auth.login_limits.per_address,
      perAccount: auth.login_limits.per_account,
      registrationsPerAddress: auth.login_limits.registrations_per_address,
    },
    lifetimes: {
      // Contract 1 fixes it.
      fixedMs: dayMs,
      accessMs: auth.access_token_minutes * minuteMs,
      refreshIdleMs: auth.refresh_days * dayMs,
      sessionMs: auth.session_days * dayMs,
    },
    runLimits: {
      perUser: limits.runs_per_user_max,
      perConversation: limits.waiting_runs_max + 1,
      streamsPerUser: limits.streams_per_user_max,
    },
    runs: {
      systemPrompt: chat.system_prompt,
      contexts: { models: Object.fromEntries(contexts), defaultTokens: chat.context_tokens },
      takesImages: Object.fromEntries(images),
      runMsMax: chat.run_minutes_max * minuteMs,
    },
    attachments: {
      imageBytesMax: limits.attachment_bytes_max,
      imagePixelsMax: limits.attachment_pixels_max,
      textBytesMax: limits.attachment_text_bytes_max,
      filesPerMessage: limits.attachments_per_message_max,
      bytesPerMessage: limits.attachment_bytes_per_message_max,
      filesPerUser: limits.attachments_per_user_max,
      bytesPerUser: limits.attachment_bytes_per_user_max,
    },
    // What is taken out can be brought in again.
    documentBytesMax: limits.body_bytes_max,
    titleModel: chat.title_model,
    tools: tools.settings,
    voice: toVoiceSettings(config.voice),
    speech: config.speech.settings,
    knowledge: toKnowledgeSettings(config),
    records,
    access: { globalTokens: access.tokens, adminTokens: access.adminTokens, isOpen: access.isOpen },
  };
}
