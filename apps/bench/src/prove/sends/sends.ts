import { always, never, told } from "../frame/figure.ts";
import type { Figure, Proof } from "../frame/proof.ts";
import { registerUser } from "../stage/proof-user.ts";
import { createServed } from "../stage/served.ts";
import { startSignedUpstream } from "../stage/signed-upstream.ts";
import { startProofServer } from "../stage/start-proof-server.ts";
import { judgeKeys } from "./judge-keys.ts";
import { createSendTally, type SendTally } from "./send-tally.ts";
import { createSender } from "./sender.ts";

/** Keys that are sent side by side. */
const workers = 16;
/** A new conversation after so many keys: prompts then stay small. */
const keysPerConversation = 20;
const keysPerKill = 200;

/** One message and one bill, however often a message is sent. */
export const sends: Proof = {
  name: "sends",
  promise:
    "Every request key is sent 2 to 20 times, at once and again, over REST and tRPC, while the server is killed and " +
    "started again in between; some keys are sent with another text, too.",
  unit: "keys",
  few: 200,
  many: 10_000,
  async run({ n, random, progress }) {
    await using cleanup = new AsyncDisposableStack();
    const upstream = cleanup.use(await startSignedUpstream());
    const served = cleanup.use(createServed(await startProofServer(upstream.url)));
    const token = await registerUser((await served.current).url, "sender");
    const tally = createSendTally();
    const sender = createSender({ served, token, random, tally });
    let taken = 0;
    let done = 0;
    let nextKillAt = Math.ceil(random() * Math.min(n, keysPerKill));
    const killing: Promise<unknown>[] = [];

    async function work(): Promise<void> {
      while (taken < n) {
        const conversationId = await sender.createConversation();
        for (let used = 0; used < keysPerConversation && taken < n; used++) {
          if (++taken === nextKillAt) {
            nextKillAt += 1 + Math.ceil(random() * 2 * keysPerKill);
            killing.push(served.restart("SIGKILL"));
          }
          await sender.sendKey(`key-${taken}`, conversationId);
          progress(++done);
        }
      }
    }
    await Promise.all(Array.from({ length: workers }, work));
    await Promise.all(killing);
    const { url } = await served.current;
    await judgeKeys(tally, { url, token, upstream });
    return [...toFigures(tally), told("kills in between", served.restarts)];
  },
};

function toFigures(tally: SendTally): Figure[] {
  const all = tally.keys.length;
  const { missing, doubled, strangers, billedTwice, runsApart, accepted, refused } = tally;
  return [
    told("keys, sends", `${all.toLocaleString("en")}, ${tally.sends.toLocaleString("en")}`),
    always("keys with exactly one message", { good: all - missing.length - doubled.length, all }),
    never("keys whose message is missing", missing),
    never("keys with two messages or more", doubled),
    never("messages that nobody may have sent", strangers),
    never("keys with more than one upstream call", billedTwice),
    never("keys whose sends were answered by different runs", runsApart),
    always("another text under a used key is refused as a conflict", {
      good: tally.conflicts - accepted.length,
      all: tally.conflicts,
    }),
    never("sends that failed though the server was there", refused),
    told("keys whose answer a kill took before the upstream was asked", tally.neverAsked),
  ];
}
