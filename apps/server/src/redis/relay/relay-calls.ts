import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { DomainError, type ErrorCode } from "@llm-backend/contract";
import { OwnerLost } from "@llm-backend/server";
import type { RelayedError, RelayMessage, RelayRequest } from "./relay-message.ts";
import type { RelayPost } from "./relay-post.ts";

/** Questions to other processes, and their answers. */
export type RelayCalls = {
  /**
   * Asks a process. A question that got lost is sent again: whoever is asked answers the same question once.
   *
   * @throws OwnerLost; DomainError as it was thrown over there.
   */
  call(owner: string, request: RelayRequest): Promise<unknown>;
  /** Takes a reply to a question of ours. */
  takeReply(reply: Extract<RelayMessage, { kind: "reply" }>): void;
  /** Answers a question of another process. */
  answer(asked: Extract<RelayMessage, { kind: "request" }>, work: () => Promise<unknown>): void;
};

type Reply = Extract<RelayMessage, { kind: "reply" }>;

const resendMs = 400;
const unheardResendMs = 100;
/** So often nobody may have heard a question before its owner is taken for gone: it may be connecting again. */
const unheardMax = 10;
/** An owner that hears and does not answer is looked for in the database again. */
const unansweredMsMax = 10_000;
/** Answers are remembered so long, for questions that are sent again. */
const rememberedMs = 30_000;

/** Creates the questions and answers of the process `name`. */
export function createRelayCalls(name: string, post: Pick<RelayPost, "send">): RelayCalls {
  const waiting = new Map<string, (reply: Reply) => void>();
  const answered = new Map<string, Promise<Reply>>();

  async function call(owner: string, request: RelayRequest): Promise<unknown> {
    const id = randomUUID();
    const { promise: replied, resolve } = Promise.withResolvers<Reply>();
    waiting.set(id, resolve);
    const over = new AbortController();
    try {
      const giveUpAt = performance.now() + unansweredMsMax;
      for (let unheard = 0; unheard < unheardMax && performance.now() < giveUpAt;) {
        const isHeard = await post.send(owner, { kind: "request", id, from: name, request });
        unheard = isHeard === true ? 0 : unheard + 1;
        const waitMs = isHeard === true ? resendMs : unheardResendMs;
        const reply = await Promise.race([replied, pause(waitMs, undefined, { signal: over.signal })]);
        if (reply !== undefined) return readReply(reply);
      }
      throw new OwnerLost(owner);
    } finally {
      waiting.delete(id);
      over.abort();
    }
  }

  return {
    call,
    takeReply: (reply) => waiting.get(reply.id)?.(reply),
    answer({ id, from }, work) {
      let reply = answered.get(id);
      if (reply === undefined) {
        reply = toReply(id, work);
        answered.set(id, reply);
        void reply.then(() => setTimeout(() => answered.delete(id), rememberedMs).unref());
      }
      void reply.then((ready) => post.send(from, ready));
    },
  };
}

async function toReply(id: string, work: () => Promise<unknown>): Promise<Reply> {
  try {
    return { kind: "reply", id, value: await work() };
  } catch (error) {
    return { kind: "reply", id, error: toRelayedError(error) };
  }
}

function toRelayedError(error: unknown): RelayedError {
  if (!DomainError.is(error)) return { code: "internal", message: "" };
  const { code, message, details } = error;
  return { code, message, ...(details !== undefined && { details }) };
}

function readReply({ value, error }: Reply): unknown {
  if (error === undefined) return value;
  // Errors that no caller is told the reason of have been noted where they happened.
  if (error.message === "") throw new DomainError("internal");
  const details = error.details as DomainError["details"];
  throw new DomainError(error.code as ErrorCode, error.message, details === undefined ? {} : { details });
}
