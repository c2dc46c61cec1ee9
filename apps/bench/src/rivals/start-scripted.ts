import { startScript } from "../script-process.ts";
import type { Contender } from "./contender.ts";
import { startRawProxy } from "./start-raw-proxy.ts";

/** The plain pass-through: the limit of the runtime, as far as one gets without thinking. */
export async function startRaw(upstreamPort: number): Promise<Contender> {
  return { name: "raw node:http", headers: {}, ...(await startRawProxy(upstreamPort)) };
}

/** What one would write in an afternoon. */
export async function startAfternoon(upstreamPort: number): Promise<Contender> {
  const script = new URL("afternoon-handler.ts", import.meta.url);
  return {
    name: "Fastify + openai",
    headers: {},
    ...(await startScript(script, [String(upstreamPort)])),
  };
}
