import type { Services } from "@llm-backend/server";
import {
  answer,
  finish,
  role,
  say,
  wait,
  type Call,
  type Reply,
  type Step,
  type TestBackend,
} from "@llm-backend/testing";
import { expect } from "vitest";
import type { StageUser } from "../callers/chat-stage.ts";
import { createConversation, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { newRequestId, type Started } from "../chat/read-run.ts";
import { setFaultStage, type FaultStage, type FaultStageOptions } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import type { HeardAnswer } from "./heard-answer.ts";
import { judgeAftermath, judgeEnding } from "./oracle.ts";

/** A user with a conversation of their own. */
export type ClientUser = StageUser & { readonly conversationId: number };

/** Clients that misbehave, and others beside them who do not. */
export type ClientStage = Omit<FaultStage, "upstreams"> & {
  /** Answers what the misbehaving clients ask. */
  readonly upstream: FaultStage["upstreams"][number];
  /** What a backend inside of the test's process is made of. */
  readonly services: Services;
  addUser(): Promise<ClientUser>;
  /** Sends a message, and tells what it started. */
  send(user: ClientUser, fields?: Readonly<Record<string, unknown>>): Promise<Started>;
  /** Everything that holds after any fault of a client: nobody else has noticed it, and nothing of it is left. */
  judge(): Promise<void>;
};

/** What a stage is made of. */
export type ClientStageOptions = Omit<FaultStageOptions, "upstreams" | "entries"> & {
  /** What the upstream answers. @default a whole answer of three pieces */
  readonly reply?: Reply | ((call: Call) => Reply);
  /** Streams of others that go on beside the fault. @default 20 in full size, else 5 */
  readonly canaries?: number;
};

/** Nobody is kept from trying as often as a test does. */
export const generousLimits = {
  auth: {
    login_limits: {
      per_account_and_address: 100_000,
      per_account: 100_000,
      per_address: 1_000_000,
      registrations_per_address: 1_000_000,
    },
  },
  limits: { runs_per_user_max: 5_000, waiting_runs_max: 1_000, streams_per_user_max: 5_000 },
};

const pieceMs = 20;

/** An answer that says a number every few milliseconds for as long as the fault lasts. */
function createCanaryReply(isOver: () => boolean): {
  readonly reply: Reply;
  readonly said: readonly string[];
} {
  const said: string[] = [];
  async function* steps(): AsyncGenerator<Step> {
    yield role();
    while (!isOver()) {
      const text = `${said.length} `;
      said.push(text);
      yield say(text);
      yield wait(pieceMs);
    }
    yield finish();
  }
  return { reply: { steps: steps() }, said };
}

function startCanaries(stage: FaultStage, count: number): { end(): Promise<void> } {
  let isOver = false;
  const texts = new Map<string, readonly string[]>();
  stage.upstreams[1]?.setReply((call) => {
    const { reply, said } = createCanaryReply(() => isOver);
    texts.set((call.body as { user: string }).user, said);
    return reply;
  });
  const canaries = Array.from({ length: count }, (_, index) =>
    stage.ask({ model: "canary", user: `canary-${index}` }),
  );
  return {
    async end() {
      isOver = true;
      for (const [index, heard] of (await Promise.all(canaries)).entries()) {
        expect(judgeEnding(heard, stage.secrets), heard.body).toBe("whole");
        expect(heard.text).toBe(texts.get(`canary-${index}`)?.join(""));
      }
    },
  };
}

const merge = (...parts: readonly (Readonly<Record<string, unknown>> | undefined)[]) =>
  Object.assign({}, ...parts) as Record<string, unknown>;

/** Sets a stage; the limits of users are wide, unless its configuration says otherwise. */
export async function setClientStage(options: ClientStageOptions = {}): Promise<ClientStage> {
  const { reply = answer(["Once ", "upon ", "a time."]), canaries = isFullSize ? 20 : 5, ...rest } = options;
  const { auth, limits, ...config } = options.config ?? {};
  const stage = await setFaultStage({
    ...rest,
    upstreams: [{ reply }, {}],
    entries: [{ models: ["fake-model", "/v1/files"] }, { models: ["canary"] }],
    config: {
      ...config,
      auth: merge(generousLimits.auth, auth as Record<string, unknown>),
      limits: merge(generousLimits.limits, limits as Record<string, unknown>),
    },
  });
  const others = startCanaries(stage, canaries);
  const [upstream] = stage.upstreams;
  if (upstream === undefined) throw new Error("The stage has no upstream.");
  return {
    ...stage,
    upstream,
    get services() {
      return (stage.backend as unknown as TestBackend).server.backend.services;
    },
    async addUser() {
      const caller = await registerUser(stage.backend.url);
      const conversationId = await createConversation(caller, { model: "fake-model" });
      return { rest: caller, trpc: createTrpcCaller(stage.backend.url, caller.token), conversationId };
    },
    send: (user, fields) =>
      user.trpc.mutate<Started>("chat.send", {
        conversationId: user.conversationId,
        requestId: newRequestId(),
        message: "Hi",
        ...fields,
      }),
    async judge() {
      await others.end();
      await judgeAftermath(stage);
    },
  };
}

/** Whether an answer of `/v1` is whole and says just this. */
export function expectWhole(heard: HeardAnswer, text: string): void {
  expect(judgeEnding(heard, []), heard.body).toBe("whole");
  expect(heard.text).toBe(text);
}
