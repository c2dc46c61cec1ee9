import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium, type BrowserContext } from "playwright-core";
import { Rolldown } from "tsdown";
import { browserArguments, browserPath } from "../callers/browser.ts";

/** A browser, and a page of another origin than the backend's that uses the client. */
export type BrowserStage = AsyncDisposable & {
  readonly context: BrowserContext;
  /** The page for a backend. */
  toPageUrl(backend: string, transport: string): string;
  /** How much the bundled page weighs, in bytes. */
  readonly scriptBytes: number;
};

const quietArguments = [
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Bundles the page with everything that it imports, as an application would. */
async function bundlePage(): Promise<string> {
  const { output } = await Rolldown.build({
    input: fileURLToPath(new URL("consumer/browser-page.ts", import.meta.url)),
    platform: "browser",
    resolve: { conditionNames: ["@llm-backend/source", "browser", "import", "default"] },
    output: { format: "esm", minify: true },
    write: false,
  });
  if (output.length > 1) throw new Error(`Expected one script, not ${output.length}.`);
  return output[0].code;
}

/** Starts the browser and serves the page. */
export async function startBrowser(): Promise<BrowserStage> {
  await using cleanup = new AsyncDisposableStack();
  const script = await bundlePage();
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html; charset=utf-8" });
    response.end(
      isScript
        ? script
        : '<!doctype html><p id="answer"></p><p id="state"></p><script type="module" src="/page.js"></script>',
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: [...browserArguments, ...quietArguments],
  });
  cleanup.defer(() => browser.close());
  const context = await browser.newContext();
  const kept = cleanup.move();
  return {
    context,
    scriptBytes: Buffer.byteLength(script),
    toPageUrl: (backend, transport) =>
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/?${new URLSearchParams({ backend, transport })}`,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
