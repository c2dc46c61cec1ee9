import type { FoundUpstream } from "@llm-backend/server";
import type { ConfiguredAccess, ConfiguredUpstream } from "../config/configured-upstream.ts";
import type { Config } from "../config/to-config.ts";
import { toUpstreamId } from "./upstream-id.ts";

type Upstream = FoundUpstream["upstream"];
type UpstreamClocks = NonNullable<Upstream["clocks"]>;

/** An upstream that a configuration names, and whose calls reach it. */
export type ReadUpstream = { readonly upstream: Upstream; readonly access: ConfiguredAccess };

/** The upstreams that a configuration names, in its order. */
export function toUpstreams({ upstreams }: Pick<Config, "upstreams">): ReadUpstream[] {
  return upstreams.map(({ access, clocks, modelClocks, ...rest }) => ({
    upstream: {
      id: toUpstreamId(rest.name),
      ...rest,
      clocks: toClocks(clocks),
      ...(modelClocks === undefined ? {} : { modelClocks: toModelClocks(modelClocks) }),
    },
    access,
  }));
}

function toModelClocks(
  clocks: NonNullable<ConfiguredUpstream["modelClocks"]>,
): Record<string, UpstreamClocks> {
  return Object.fromEntries(Object.entries(clocks).map(([pattern, own]) => [pattern, toClocks(own)]));
}

const clockNames = {
  connect_seconds: "connectMs",
  first_byte_seconds: "firstByteMs",
  whole_answer_seconds: "wholeAnswerMs",
  first_token_seconds: "firstTokenMs",
  idle_seconds: "idleMs",
} as const satisfies Record<keyof ConfiguredUpstream["clocks"], keyof UpstreamClocks>;

function toClocks(clocks: ConfiguredUpstream["clocks"]): UpstreamClocks {
  const entries = Object.entries(clockNames).flatMap(([name, clock]) => {
    const seconds = clocks[name as keyof typeof clockNames];
    return seconds === undefined ? [] : [[clock, toMs(seconds)] as const];
  });
  return Object.fromEntries(entries);
}

const toMs = (seconds: number) => Math.round(seconds * 1_000);
