import { compose, createLogger, readConfig, type Environment, type Parts } from "@llm-backend/app-server";
import { createBackendFolder, type BackendOptions } from "./backend-config.ts";

/** What a backend is made of, without its faces: for measuring one part or another. */
export type ComposedBackend = AsyncDisposable & { readonly parts: Parts };

const noEnvironment: Environment = { settings: {}, unknownSettings: [], providerVariables: {} };

/** Composes a backend that listens nowhere; disposing it removes its data. */
export async function composeBackend(options: BackendOptions = {}): Promise<ComposedBackend> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await createBackendFolder(options));
  const { config } = readConfig({
    environment: noEnvironment,
    flags: { config: folder.configFile, data: folder.dataFolder },
  });
  const { logger } = createLogger({ level: "error", format: "json" });
  const parts = await compose({ config, environment: noEnvironment, logger });
  cleanup.defer(async () => {
    await parts.backend.drain(AbortSignal.abort());
    await parts.close();
  });
  const kept = cleanup.move();
  return { parts, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
