import { fileURLToPath } from "node:url";
import { run } from "./host-stage.ts";

const script = fileURLToPath(
  new URL("../../../../packages/storage/test/child-process/create-older.ts", import.meta.url),
);

/** Makes a database as a version did whose schema ended with a step, with the conversation 7 in it. */
export async function createOlderDatabase(path: string, lastStep: string): Promise<void> {
  await run(process.execPath, ["--conditions=@llm-backend/source", script, path, lastStep]);
}
