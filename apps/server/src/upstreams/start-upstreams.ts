import type { FoundUpstream } from "@llm-backend/server";
import type { Config } from "../config/to-config.ts";
import { startDemoUpstream } from "../demo/start-demo-upstream.ts";
import type { Environment } from "../env.ts";
import { findUpstreams, type KeyProvider } from "./find-upstreams.ts";
import type { ModelServer } from "./model-servers.ts";
import { toUpstreams } from "./to-upstreams.ts";

/** What decides on the upstreams beside the configuration. */
export type UpstreamSurroundings = {
  readonly environment: Environment;
  readonly providers: readonly KeyProvider[];
  /** The model servers to look for on this machine. @default Ollama, LM Studio, vLLM, llama.cpp */
  readonly servers?: readonly ModelServer[];
};

/** The upstreams of this process. */
export type StartedUpstreams = {
  readonly found: readonly FoundUpstream[];
  /** For the log: where each came from. */
  readonly sentences: readonly string[];
  /** Ends the built-in demo, where it answers. */
  readonly close: () => Promise<void>;
};

/** Takes the upstreams from the configuration; without any there, from what is found; without any at all, the demo. */
export async function startUpstreams(
  config: Pick<Config, "upstreams" | "find_upstreams" | "listen">,
  surroundings: UpstreamSurroundings,
): Promise<StartedUpstreams> {
  const close = () => Promise.resolve();
  if (!config.find_upstreams) {
    const found = toUpstreams(config).map((read) => ({ ...read, source: "config" }) as const);
    const sentences = found.map(
      ({ upstream }) => `Upstream ${upstream.name}: ${upstream.endpoint}, from the configuration`,
    );
    return { found, sentences, close };
  }
  const { found, sentences } = await findUpstreams({
    ...surroundings,
    ownPorts: config.listen.map(({ port }) => port),
  });
  if (found.length > 0) return { found, sentences, close };
  const demo = await startDemoUpstream();
  const sentence =
    "Upstream demo: built in, since no other was found. Set OPENAI_API_KEY, start Ollama, or list upstreams in config.yaml to get real answers";
  return {
    found: [{ upstream: demo.upstream, source: "demo" }],
    sentences: [...sentences, sentence],
    close: demo.close,
  };
}
