import { startScript, type ScriptProcess } from "../script-process.ts";

/** Starts the pass-through in front of an upstream, and waits until it listens. */
export function startRawProxy(
  upstreamPort: number,
  connections: "kept" | "anew" = "kept",
): Promise<ScriptProcess> {
  return startScript(new URL("raw-proxy.ts", import.meta.url), [String(upstreamPort), connections]);
}
