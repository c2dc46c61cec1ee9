import { afterAll, afterEach } from "vitest";
import { watchConsole } from "./watch-console.ts";

const takeWrites = watchConsole(console);

/** Fails the test, or the file, that wrote to the console since the last look. */
function failOnWrites(): void {
  const [first] = takeWrites();
  if (first !== undefined) throw new Error(`A test must not write to the console, but this one did: ${first}`);
}

afterEach(failOnWrites);
afterAll(failOnWrites);
