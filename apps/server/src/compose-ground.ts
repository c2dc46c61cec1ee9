import { providers as knownProviders } from "@llm-backend/gateway";
import { createSealBox, createUpstreamService } from "@llm-backend/server";
import { openSqlite, type Storage } from "@llm-backend/storage";
import type { Logger } from "pino";
import type { Config } from "./config/to-config.ts";
import type { Environment } from "./env.ts";
import { openDataFolder } from "./secrets/open-data-folder.ts";
import { readSecrets, type Secrets } from "./secrets/read-secrets.ts";
import { startUpstreams } from "./upstreams/start-upstreams.ts";

/** What processes that serve together have in common. */
export type Ground = {
  readonly storage: Storage;
  readonly secrets: Secrets;
  readonly close: () => Promise<void>;
};

/** What the ground is laid from. */
export type GroundOptions = {
  readonly config: Config;
  readonly environment: Environment;
  readonly logger: Logger;
};

/**
 * Does what is done once, by the process that answers for all: takes the database for this server, brings it to the
 * newest schema, makes the secrets, and finds the upstreams.
 *
 * @throws ConfigError or StorageRefusal for what an operator has to change.
 */
export async function layGround({ config, environment, logger }: GroundOptions): Promise<Ground> {
  openDataFolder(config.data);
  const secrets = readSecrets(config);
  for (const notice of secrets.notices) logger[notice.level](`${notice.path}: ${notice.message}`);
  await using cleanup = new AsyncDisposableStack();
  const storage = await openSqlite({
    path: config.database,
    exclusive: true,
    shared: config.workers > 1,
    onFault: toFaultLog(logger),
  });
  cleanup.defer(() => storage.close());

  const started = await startUpstreams(config, {
    environment,
    providers: [...knownProviders, ...config.providers],
  });
  cleanup.defer(() => started.close());
  for (const sentence of started.sentences) logger.info(sentence);
  const list = createUpstreamService({ storage, sealBox: createSealBox(secrets.masterKey), now: Date.now });
  for (const sentence of await list.replaceFound(started.found)) logger.info(sentence);
  const rest = cleanup.move();
  return { storage, secrets, close: () => rest.disposeAsync() };
}

/** Comes to a ground that another process has laid, and holds. */
export async function joinGround({ config, logger }: GroundOptions): Promise<Ground> {
  const secrets = readSecrets(config);
  const storage = await openSqlite({ path: config.database, shared: true, onFault: toFaultLog(logger) });
  return { storage, secrets, close: () => storage.close() };
}

/** Says how the database is, once for every change. */
function toFaultLog(logger: Logger) {
  return (sentence: string | undefined) => {
    if (sentence === undefined) logger.info("The database takes writes again");
    else logger.error(`The database takes no writes: ${sentence}`);
  };
}
