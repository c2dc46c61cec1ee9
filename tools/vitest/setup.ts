import { afterAll, afterEach } from "vitest";
import { watchConsole } from "./watch-console.ts";

declare module "vitest" {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- only interfaces merge
  interface TaskMeta {
    /** Why a test or a suite that is declared with `skip`, `skipIf` or `runIf` does not run. */
    skipReason?: string;
  }
}

const takeWrites = watchConsole(console);

/** Fails the test, or the file, that wrote to the console since the last look. */
function failOnWrites(): void {
  const [first] = takeWrites();
  if (first !== undefined)
    throw new Error(`A test must not write to the console, but this one did: ${first}`);
}

afterEach(failOnWrites);
afterAll(failOnWrites);
