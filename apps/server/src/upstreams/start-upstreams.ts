import type { Provider, Upstream } from "@llm-backend/gateway";
import type { Config } from "../config/to-config.ts";
import { startDemoUpstream } from "../demo/start-demo-upstream.ts";
import type { Environment } from "../env.ts";
import { findUpstreams } from "./find-upstreams.ts";
import type { ModelServer } from "./model-servers.ts";
import { toUpstreams } from "./to-upstreams.ts";

/** What decides on the upstreams beside the configuration. */
export type UpstreamSurroundings = {
  readonly environment: Environment;
  readonly providers: readonly Provider[];
  /** The model servers to look for on this machine. @default Ollama, LM Studio, vLLM, llama.cpp */
  readonly servers?: readonly ModelServer[];
};

/** The upstreams of this process. */
export type StartedUpstreams = {
  readonly upstreams: readonly Upstream[];
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
    const upstreams = toUpstreams(config);
    const sentences = upstreams.map(
      ({ name, endpoint }) => `Upstream ${name}: ${endpoint}, from the configuration`,
    );
    return { upstreams, sentences, close };
  }
  const found = await findUpstreams({ ...surroundings, ownPorts: config.listen.map(({ port }) => port) });
  if (found.upstreams.length > 0) return { ...found, close };
  const demo = await startDemoUpstream();
  const sentence =
    "Upstream demo: built in, since no other was found. Set OPENAI_API_KEY, start Ollama, or list upstreams in config.yaml to get real answers";
  return { upstreams: [demo.upstream], sentences: [...found.sentences, sentence], close: demo.close };
}
