import type { FoundUpstream } from "@llm-backend/server";
import type { ConfiguredUpstream } from "../config/configured-upstream.ts";
import type { Config } from "../config/to-config.ts";
import { toUpstreamId } from "./upstream-id.ts";

type Upstream = FoundUpstream["upstream"];
type UpstreamClocks = NonNullable<Upstream["clocks"]>;

/** The upstreams that a configuration names, in its order. */
export function toUpstreams({ upstreams }: Pick<Config, "upstreams">): Upstream[] {
  return upstreams.map(({ name, endpoint, key, models, aliases, clocks }) => ({
    id: toUpstreamId(name),
    name,
    endpoint,
    keys: key === undefined ? [] : [key],
    models,
    aliases,
    clocks: toClocks(clocks),
  }));
}

function toClocks(clocks: ConfiguredUpstream["clocks"]): UpstreamClocks {
  const { connect_seconds, first_byte_seconds, first_token_seconds, idle_seconds } = clocks;
  return {
    ...(connect_seconds === undefined ? {} : { connectMs: toMs(connect_seconds) }),
    ...(first_byte_seconds === undefined ? {} : { firstByteMs: toMs(first_byte_seconds) }),
    ...(first_token_seconds === undefined ? {} : { firstTokenMs: toMs(first_token_seconds) }),
    ...(idle_seconds === undefined ? {} : { idleMs: toMs(idle_seconds) }),
  };
}

const toMs = (seconds: number) => Math.round(seconds * 1_000);
