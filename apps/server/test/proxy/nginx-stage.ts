import { readFile } from "node:fs/promises";
import { findNginxObstacle, startNginx, type ExternalProcess } from "@llm-backend/testing";

const obstacle = findNginxObstacle();

/** For tests behind a real nginx: where there is none, they are skipped, and say why. */
export const needsNginx = { skip: obstacle !== undefined, meta: { skipReason: obstacle ?? "" } };

/** Starts an nginx with what docs/operations.md tells operators to write, before a server of ours, without TLS. */
export async function startDocumentedNginx(serverUrl: string): Promise<ExternalProcess & { url: string }> {
  const page = await readFile(new URL("../../../../docs/operations.md", import.meta.url), "utf8");
  const documented = /```nginx\n([\s\S]+?)```/.exec(page)?.[1];
  if (documented === undefined) throw new Error("The page has nothing for nginx.");
  const running = await startNginx((port) =>
    documented
      .replace("listen 443 ssl", `listen 127.0.0.1:${port}`)
      .replaceAll(/^ *ssl_.*$/gm, "")
      .replace("127.0.0.1:8080", new URL(serverUrl).host),
  );
  return {
    pid: running.pid,
    port: running.port,
    url: `http://127.0.0.1:${running.port}`,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
