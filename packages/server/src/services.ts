import { randomUUID } from "node:crypto";
import { createPeople } from "./auth/create-people.ts";
import type { Backend, ServicesDeps } from "./backend.ts";
import { createChats } from "./chat/create-chats.ts";
import { createRunBooks } from "./chat/run-books.ts";
import { createRecordedForward } from "./forward/create-recorded-forward.ts";
import { createHoldings } from "./holdings/create-holdings.ts";
import { createNewId } from "./identity/new-id.ts";
import { createAccounts } from "./key/create-accounts.ts";
import { openKnowledge } from "./knowledge/open-knowledge.ts";
import { createModelService } from "./model/model-service.ts";
import { createAttemptCollector } from "./record/attempt-collector.ts";
import { createRecordService } from "./record/record-service.ts";
import { followOthers } from "./relay/follow-others.ts";
import { recoverOrphans } from "./relay/recover-orphans.ts";
import { createSealBox } from "./secrets/seal-box.ts";
import { createLongSweeps } from "./sweep/long-sweeps.ts";
import { createTitleService } from "./title/title-service.ts";
import { openUpstreams } from "./upstream/open-upstreams.ts";
import { createVoices } from "./voice/create-voices.ts";

const defaultDocumentBytesMax = 8 * 1024 * 1024;

/** Builds the services in order: each can only receive what an earlier line has made. */
export async function createBackend(deps: ServicesDeps): Promise<Backend> {
  const { storage, gateway, settings, onInternalError } = deps;
  const now = deps.now ?? Date.now;
  // What a limit or a cache lasts must not depend on somebody setting the clock.
  const elapsed = deps.now ?? (() => performance.now());
  const newId = createNewId(now);
  const { sharedLimits, relay, owner = randomUUID() } = deps;
  const base = { storage, newId, now, owner, relay, onInternalError, sharedLimits };
  const sealBox = createSealBox(deps.secrets.masterKey);

  const people = await createPeople({ ...base, settings, jwtSecret: deps.secrets.jwtSecret });
  const records = createRecordService({ ...base, settings: settings.records, onShed: deps.onRecordsShed });
  const accounts = createAccounts({ ...base, elapsed, access: settings.access });
  const attempts = createAttemptCollector();
  const enterBooks = createRunBooks({ ...base, attempts, records, ledger: accounts.services.ledger });
  const titles = createTitleService({ ...base, gateway, model: settings.titleModel, onEnded: enterBooks });
  const forward = createRecordedForward({ ...deps, now, elapsed, accounts, records });
  const sweeps = createLongSweeps(onInternalError);
  const knowledge = openKnowledge({ ...base, gateway, forward, sweeps, deps });
  const { voice, speech } = createVoices({ ...base, gateway, forward, deps, knowledge: knowledge.service });
  const chats = createChats({
    ...base,
    lookUps: knowledge.lookUps,
    gateway,
    sealBox,
    settings,
    toolBox: deps.toolBox,
    onEnded(live, ending) {
      enterBooks(live, ending);
      titles.noteEnded(live.run, ending);
    },
  });
  const holdings = createHoldings({
    ...base,
    auth: people.services.auth,
    attachments: chats.services.attachments,
    documentBytesMax: settings.documentBytesMax ?? defaultDocumentBytesMax,
    async cutOff(userId) {
      await people.services.sessions.endAll(userId);
      accounts.dropKeys();
      await chats.discardUser(userId);
      // Other processes learn of each conversation that is gone, and end what they write in it.
      await chats.services.conversations.removeAll({ userId });
      await Promise.all([accounts.services.ledger.flush(), records.flush()]);
    },
  });
  const upstreams = openUpstreams({ ...base, gateway, sealBox, keys: accounts.services.keys });
  const onSignal = followOthers({ people, chats, accounts, upstreams, onError: onInternalError });
  const load = async () => {
    await accounts.load();
    await relay?.serve({ ...chats.handlers, onSignal });
    knowledge.engine.start();
  };

  return {
    services: {
      ...people.services,
      ...accounts.services,
      ...chats.services,
      ...holdings.services,
      forward,
      knowledge: knowledge.service,
      models: createModelService({ gateway }),
      records,
      upstreams,
      voice,
      speech,
    },
    load,
    async recover() {
      const recovered = await recoverOrphans({ storage, now }, [owner]);
      await load();
      return recovered;
    },
    async sweep() {
      // Not waited for: after a long pause there may be much to remove, step by step, and the server starts meanwhile.
      sweeps.begin(records.sweep);
      sweeps.begin(holdings.services.accounts.finishErasures);
      sweeps.begin(chats.services.attachments.sweep);
      sweeps.begin(voice.sweep);
      knowledge.tidy();
      await people.sweep();
      await chats.sweep();
      await accounts.sweep();
    },
    noteAttempt: (report) => attempts.collect(report),
    async drain(until, calls) {
      await Promise.all([chats.drain(until), calls?.drain(until)]);
      await titles.close();
      await knowledge.engine.close();
      // Before the gateway ends, which then knows nothing any more of what it has counted.
      await upstreams.close();
      speech.end();
      await calls?.end();
      await voice.flush();
      await records.close();
      await sweeps.close();
      await accounts.close();
      people.close();
    },
  };
}
