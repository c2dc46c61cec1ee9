import { compile, default as readAddress } from "@fastify/proxy-addr";
import { DomainError } from "@llm-backend/contract";
import { createOpenAiHandler, type OpenAiHandler } from "@llm-backend/rest";
import { createNewId, type Services } from "@llm-backend/server";
import type { Logger } from "pino";
import type { Config } from "../config/to-config.ts";
import { findRefusal, overloadedSeconds } from "./refusal.ts";

const pingMs = 10_000;

/** Opens the face of `/v1` and of voice engines, as a configuration says. */
export function openV1(given: {
  readonly config: Config;
  readonly logger: Logger;
  readonly services: Pick<Services, "forward" | "voice" | "speech">;
  /** Whether the process takes no new work just now. */
  readonly isOverloaded: () => boolean;
}): OpenAiHandler {
  const { config, logger, services } = given;
  const { forward, voice, speech } = services;
  const newId = createNewId(Date.now);
  const trust = compile([...config.trusted_proxies]);
  return createOpenAiHandler({
    forward,
    voice: {
      chat: voice.answerChat,
      rag: voice.answerRag,
      audio: (incoming, answer) => speech.answer(incoming, answer),
      isOfEngine: (request) => voice.isOfEngine(request),
    },
    newRequestId: () => newId.text("req"),
    corsOrigins: config.cors.origins,
    limits: {
      wholeBytesMax: config.gateway.bodyBytesMax,
      uploadBytesMax: config.gateway.uploadBytesMax,
    },
    readAddress:
      config.trusted_proxies.length === 0
        ? (request) => request.socket.remoteAddress ?? ""
        : (request) => readAddress(request, trust) ?? "",
    findShortage: () => (given.isOverloaded() ? toOverloaded() : undefined),
    findRefusal: (request) => findRefusal(request, config.limits.url_bytes_max),
    onAnswered({ requestId, method, path, status, ms, address }) {
      // Every call has a record, which says more; a line for each would cost as much as half of the call itself.
      const level = status >= 500 ? "warn" : "debug";
      if (!logger.isLevelEnabled(level)) return;
      logger[level]({ reqId: requestId, method, path, status, ms: Math.round(ms), address }, "request");
    },
    onInternalError: (error, requestId) => logger.error({ err: error, reqId: requestId }, "Internal error"),
    pingMs,
  });
}

const toOverloaded = () =>
  new DomainError("overloaded", undefined, { details: { retryAfterMs: overloadedSeconds * 1000 } });
