import { dirname, join, resolve } from "node:path";
import type { ConfigFile } from "./config-schema.ts";
import { toConfiguredUpstreams, type ConfiguredUpstream } from "./configured-upstream.ts";
import { toGatewayConfig, type GatewayConfig } from "./gateway-config.ts";
import { defaultAddress, readAddress, readHost, type ListenAddress } from "./listen-address.ts";
import { toRedisConfig, type RedisConfig } from "./redis-config.ts";
import { toSpeechConfig, type SpeechConfig } from "./speech-config.ts";
import { toToolsConfig, type ToolsConfig } from "./tools-config.ts";

/**
 * Everything that the process takes from its configuration; paths are absolute. The sections that are taken over as they
 * are have their keys called as in the file.
 */
export type Config = GatewayConfig &
  Readonly<
    Pick<
      ConfigFile,
      | "providers"
      | "clocks"
      | "chat"
      | "auth"
      | "limits"
      | "knowledge"
      | "trusted_proxies"
      | "cors"
      | "voice"
      | "workers"
      | "drain_seconds"
      | "log"
    >
  > & {
    readonly listen: readonly ListenAddress[];
    /** The data folder. */
    readonly data: string;
    /** The SQLite file. */
    readonly database: string;
    /** Where Redis is; undefined where the configuration names none. */
    readonly redis: RedisConfig | undefined;
    /** What models may call. */
    readonly tools: ToolsConfig;
    /** Where sound comes from. */
    readonly speech: SpeechConfig;
    readonly jwt: { readonly secret: string | undefined };
    readonly master_key: Uint8Array | undefined;
    readonly master_key_file: string | undefined;
    readonly upstreams: readonly ConfiguredUpstream[];
    /** Whether upstreams are looked for, since the configuration names none at all. */
    readonly find_upstreams: boolean;
  };

/** Draws the conclusions from a valid configuration. */
export function toConfig(file: ConfigFile, folder: string): Config {
  const data = resolve(folder, file.data ?? toDefaultData(file));
  return {
    ...toGatewayConfig(file),
    providers: file.providers,
    clocks: file.clocks,
    chat: file.chat,
    auth: file.auth,
    limits: file.limits,
    knowledge: file.knowledge,
    trusted_proxies: file.trusted_proxies,
    cors: file.cors,
    voice: file.voice,
    workers: file.workers,
    drain_seconds: file.drain_seconds,
    log: file.log,
    listen: toListen(file),
    data,
    database: file.database === undefined ? join(data, "llm-backend.db") : resolve(folder, file.database),
    redis: toRedisConfig(file.redis),
    tools: toToolsConfig(file.tools, folder),
    speech: toSpeechConfig(file.speech, folder),
    jwt: { secret: file.jwt.secret },
    master_key: file.master_key,
    master_key_file: file.master_key_file === undefined ? undefined : resolve(folder, file.master_key_file),
    upstreams: toConfiguredUpstreams(file),
    find_upstreams: file.upstreams.length === 0,
  };
}

/** Where an earlier system kept its database there is a place that lasts, such as a container's volume. */
function toDefaultData({ sqlite, dbtype, dbaddr }: ConfigFile): string {
  const earlierFile = sqlite?.path ?? (dbtype === "postgres" || dbtype === "none" ? undefined : dbaddr);
  return join(earlierFile === undefined ? "." : dirname(earlierFile), "data");
}

function toListen({ address, addresses, server }: ConfigFile): ListenAddress[] {
  const several = addresses ?? address;
  if (several !== undefined) return [several].flat().map((item) => readAddress(item) ?? defaultAddress);
  if (server.port === undefined && server.host === undefined) return [defaultAddress];
  const { host, port } = readAddress(server.port ?? defaultAddress.port) ?? defaultAddress;
  return [{ host: (readHost(server.host ?? "") || undefined) ?? host, port }];
}
