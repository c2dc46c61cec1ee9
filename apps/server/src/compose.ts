import {
  createGateway,
  providers as knownProviders,
  type AttemptReport,
  type Gateway,
  type HealthChange,
} from "@llm-backend/gateway";
import {
  createBackend,
  createSealBox,
  createUpstreamService,
  type Backend,
  type ServiceSettings,
} from "@llm-backend/server";
import { openSqlite, type Storage } from "@llm-backend/storage";
import type { Logger } from "pino";
import type { Config } from "./config/to-config.ts";
import type { Environment } from "./env.ts";
import { openDataFolder } from "./secrets/open-data-folder.ts";
import { readSecrets } from "./secrets/read-secrets.ts";
import { startUpstreams } from "./upstreams/start-upstreams.ts";

/** The parts of a running process. */
export type Parts = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly backend: Backend;
  /** Ends everything that was started, last things first. */
  readonly close: () => Promise<void>;
};

/** What the parts are built from. */
export type ComposeOptions = {
  readonly config: Config;
  readonly environment: Environment;
  readonly logger: Logger;
};

/** The environment variables in which providers' keys are looked for. */
export const providerKeyVariables: readonly string[] = knownProviders.flatMap(
  (provider) => provider.keyVariables ?? [],
);

/** Builds storage, gateway and services. The only place that knows them all. */
export async function compose({ config, environment, logger }: ComposeOptions): Promise<Parts> {
  openDataFolder(config.data);
  const secrets = readSecrets(config);
  for (const notice of secrets.notices) logger[notice.level](`${notice.path}: ${notice.message}`);
  await using cleanup = new AsyncDisposableStack();

  const storage = await openSqlite({ path: config.database, exclusive: true });
  cleanup.defer(() => storage.close());

  const started = await startUpstreams(config, {
    environment,
    providers: [...knownProviders, ...config.providers],
  });
  cleanup.defer(() => started.close());
  for (const sentence of started.sentences) logger.info(sentence);

  // The gateway comes before those who listen to it, and has nothing to tell before it has upstreams.
  const healthListeners: ((change: HealthChange) => void)[] = [];
  const gateway = createGateway({
    upstreams: [],
    providers: config.providers,
    clocks: toClocks(config.clocks),
    limits: { answerBytesMax: config.chat.answer_bytes_max },
    observer: {
      attemptEnded: (report) => logAttempt(logger, report),
      healthChanged(change) {
        for (const listener of healthListeners) listener(change);
      },
    },
  });
  cleanup.defer(() => gateway.close());
  const list = createUpstreamService({ storage, sealBox: createSealBox(secrets.masterKey), now: Date.now });
  for (const sentence of await list.replaceFound(started.found)) logger.info(sentence);

  const backend = await createBackend({
    storage,
    gateway,
    secrets,
    settings: toSettings(config),
    onInternalError: (error) => logger.error({ err: error }, "Internal error"),
  });
  const { upstreams } = backend.services;
  healthListeners.push(upstreams.noteHealthChange);
  await upstreams.load();
  upstreams.start();
  const prices = Object.entries(config.prices).map(([model, unit]) => ({ model, prices: unit }));
  backend.services.prices.replaceConfigured(prices);
  const rest = cleanup.move();
  return { storage, gateway, backend, close: () => rest.disposeAsync() };
}

function logAttempt(logger: Logger, report: AttemptReport): void {
  const level = report.outcome === "done" || report.outcome === "cancelled" ? "debug" : "warn";
  logger[level]({ attempt: report }, "attempt");
}

function toClocks(clocks: Config["clocks"]) {
  return {
    connectMs: clocks.connect_seconds * 1000,
    firstByteMs: clocks.first_byte_seconds * 1000,
    firstTokenMs: clocks.first_token_seconds * 1000,
    idleMs: clocks.idle_seconds * 1000,
  };
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

function toSettings({ access, auth, chat, limits }: Config): ServiceSettings {
  const contexts = Object.entries(chat.models).flatMap(([model, { context_tokens: tokens }]) =>
    tokens === undefined ? [] : [[model, tokens] as const],
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
      runMsMax: chat.run_minutes_max * minuteMs,
    },
    access: { globalTokens: access.tokens, adminTokens: [], isOpen: access.isOpen },
  };
}
