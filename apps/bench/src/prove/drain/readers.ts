import { setTimeout as delay } from "node:timers/promises";
import { toAnswer, toQuestion, type AnswerPlan } from "../stage/signed-answer.ts";
import { createClientReader } from "./client-reader.ts";
import type { DrainTally } from "./drain-tally.ts";
import type { Reader } from "./reader.ts";
import { createRestReader } from "./rest-reader.ts";

/** Readers who ask, follow, and ask again. */
export type Readers = Disposable & {
  /** Lets every reader follow its last answer to the end. */
  finish(): Promise<void>;
};

/** How long answers are, and over how long their readers come; a pair is the least and the most. */
export type AnswerSize = {
  readonly arrivalMs: number;
  readonly tokens: readonly [number, number];
  readonly everyMs: readonly [number, number];
};

/** Who reads what. */
export type ReadersOptions = {
  readonly url: string;
  readonly token: string;
  /** One reader for each. */
  readonly conversationIds: readonly number[];
  readonly random: () => number;
  readonly tally: DrainTally;
  readonly answers: AnswerSize;
};

/** Readers of one client share its connections; a process of an application has not many more than this. */
const readersPerClient = 100;

/** Starts a reader for each conversation: half of them with the typed client, over both transports, half over REST. */
export function startReaders(options: ReadersOptions): Readers {
  const { url, token, conversationIds } = options;
  const cleanup = new DisposableStack();
  const rest = createRestReader({ url, token });
  const clients = Array.from({ length: Math.ceil(conversationIds.length / readersPerClient) }, () =>
    (["sse", "websocket"] as const).map((transport) =>
      cleanup.use(createClientReader({ url, token, transport })),
    ),
  );
  const state = { isEnding: false };
  const reading = conversationIds.map((conversationId, index) => {
    const pair = clients[index % clients.length] ?? [];
    const reader = (index % 2 === 0 ? rest : pair[(index >> 1) % 2]) as Reader;
    return readOn(reader, { ...options, conversationId, state });
  });
  return {
    async finish() {
      state.isEnding = true;
      await Promise.all(reading);
    },
    [Symbol.dispose]: () => cleanup.dispose(),
  };
}

type Reading = ReadersOptions & {
  readonly conversationId: number;
  readonly state: { readonly isEnding: boolean };
};

async function readOn(reader: Reader, reading: Reading): Promise<void> {
  const { conversationId, random, state, answers } = reading;
  await delay(random() * answers.arrivalMs);
  for (let turn = 0; !state.isEnding; turn++) {
    const plan = {
      stream: `${conversationId.toString(36)}.${turn}`,
      tokens: between(answers.tokens, random()),
      everyMs: between(answers.everyMs, random()),
    };
    await readOnce(reader, reading, plan);
  }
}

const between = ([least, most]: readonly [number, number], share: number) =>
  least + Math.floor(share * (most - least));

async function readOnce(reader: Reader, reading: Reading, plan: AnswerPlan): Promise<void> {
  const { conversationId, tally } = reading;
  const message = toQuestion(plan);
  let isOpen = false;
  const onOpen = () => {
    isOpen = true;
    tally.open++;
  };
  const where = `${reader.name}, ${plan.stream}`;
  try {
    const seen = await reader.ask({ conversationId, requestId: plan.stream, message, onOpen });
    const { text, end, endings, reconnects } = seen;
    const answer = toAnswer(plan);
    if (endings !== 1 || (end !== "done" && end !== "interrupted")) {
      tally.badEndings.push(`${where}: ${end}, ${endings}`);
      return;
    }
    if (end === "done" ? text !== answer : !answer.startsWith(text)) tally.wrong.push(where);
    tally.streams.push({ conversationId, message, text, end, reconnects });
  } catch (error) {
    tally.failed.push(`${where}: ${String(error).slice(0, 200)}`);
    // A reader whose requests fail at once would do nothing else.
    await delay(200);
  } finally {
    if (isOpen) tally.open--;
  }
}
