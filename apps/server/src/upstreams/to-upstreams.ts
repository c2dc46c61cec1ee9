import type { Clocks, Upstream } from "@llm-backend/gateway";
import type { ConfiguredUpstream } from "../config/configured-upstream.ts";
import type { Config } from "../config/to-config.ts";
import { toUpstreamId } from "./upstream-id.ts";

type ClockSeconds = { readonly [TKey in keyof ConfiguredUpstream["clocks"]]?: number | undefined };

/** The upstreams that a configuration names, in its order. */
export function toUpstreams({ upstreams }: Pick<Config, "upstreams">): Upstream[] {
  return upstreams.map(({ name, endpoint, key, models, aliases, clocks }) => ({
    id: toUpstreamId(name),
    name,
    endpoint,
    key,
    models,
    aliases,
    clocks: toPartialClocks(clocks),
  }));
}

/** The clocks of all upstreams, in milliseconds. */
export function toClocks({ clocks }: Pick<Config, "clocks">): Clocks {
  return {
    connectMs: toMs(clocks.connect_seconds),
    firstByteMs: toMs(clocks.first_byte_seconds),
    firstTokenMs: toMs(clocks.first_token_seconds),
    idleMs: toMs(clocks.idle_seconds),
  };
}

function toPartialClocks(clocks: ClockSeconds): Partial<Clocks> {
  const { connect_seconds, first_byte_seconds, first_token_seconds, idle_seconds } = clocks;
  return {
    ...(connect_seconds === undefined ? {} : { connectMs: toMs(connect_seconds) }),
    ...(first_byte_seconds === undefined ? {} : { firstByteMs: toMs(first_byte_seconds) }),
    ...(first_token_seconds === undefined ? {} : { firstTokenMs: toMs(first_token_seconds) }),
    ...(idle_seconds === undefined ? {} : { idleMs: toMs(idle_seconds) }),
  };
}

const toMs = (seconds: number) => Math.round(seconds * 1_000);
