import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The system takes no longer paths for sockets, the name in the folder among them. */
const pathBytesMax = 100;
const nameBytesMax = 24;

/**
 * Makes the folder of the workers' sockets, for its owner only: in the data folder, or among the temporary files where
 * that one's path is too long. What processes before left in it goes.
 */
export function openSocketFolder(dataFolder: string): Disposable & { readonly path: string } {
  const own = join(dataFolder, "run");
  if (Buffer.byteLength(own) + nameBytesMax > pathBytesMax) {
    const path = mkdtempSync(join(tmpdir(), "llm-backend-"));
    return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
  }
  mkdirSync(own, { recursive: true, mode: 0o700 });
  chmodSync(own, 0o700);
  for (const name of readdirSync(own)) rmSync(join(own, name), { force: true });
  return { path: own, [Symbol.dispose]: () => rmSync(own, { recursive: true, force: true }) };
}
