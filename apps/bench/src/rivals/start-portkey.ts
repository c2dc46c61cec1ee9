import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findClosedPort, startExternal } from "@llm-backend/testing";
import type { Contender } from "./contender.ts";

const version = "1.15.2";
/** The HTTP layer that its own repository works with; on later ones each of its streams ends with status 500. */
const overrides = { "@hono/node-server": "1.13.5" };

/** The npm package `@portkey-ai/gateway`, told by headers where its upstream is. */
export async function startPortkey(upstreamPort: number): Promise<Contender | string> {
  const installed = install();
  if ("reason" in installed) return installed.reason;
  const port = await findClosedPort();
  try {
    const running = await startExternal(port, {
      command: process.execPath,
      args: [installed.entry, "--headless", `--port=${port}`],
      // Without it, addresses of this machine are refused.
      env: { TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost" },
    });
    return {
      ...running,
      name: "Portkey",
      headers: {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": `http://127.0.0.1:${upstreamPort}/v1`,
      },
    };
  } catch (error) {
    return `Portkey does not start: ${String(error)}`;
  }
}

/** Installs it once, in a folder of its own outside of any workspace. */
function install(): { readonly entry: string } | { readonly reason: string } {
  const folder = join(homedir(), ".cache", "llm-backend-bench", `portkey-${version}`);
  const entry = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  if (existsSync(entry)) return { entry };
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: { "@portkey-ai/gateway": version }, overrides };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  const options = ["--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  const { status, stderr } = spawnSync("npm", ["install", ...options], { encoding: "utf8", cwd: folder });
  if (status === 0 && existsSync(entry)) return { entry };
  return { reason: `Portkey could not be installed with npm: ${(stderr ?? "no npm").trim().slice(0, 300)}` };
}
