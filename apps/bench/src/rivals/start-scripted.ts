import { startScript } from "../script-process.ts";
import type { Contender } from "./contender.ts";
import { startRawProxy } from "./start-raw-proxy.ts";

/** The plain pass-through: the limit of the runtime, as far as one gets without thinking. */
export async function startRaw(upstreamPort: number): Promise<Contender> {
  return { name: "raw node:http", headers: {}, ...(await startRawProxy(upstreamPort)) };
}

/** The same with a connection to the upstream for every call: what keeping them alive saves. */
export async function startRawAnew(upstreamPort: number): Promise<Contender> {
  return { name: "raw, a connection per call", headers: {}, ...(await startRawProxy(upstreamPort, "anew")) };
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
