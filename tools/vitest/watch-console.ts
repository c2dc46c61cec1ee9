import { format } from "node:util";

const methods = ["debug", "error", "info", "log", "table", "trace", "warn"] as const;

/**
 * Replaces the writing methods of a console by ones that only take notes.
 * A test that expects output puts its own spy in their place and is not noticed.
 *
 * @returns A function that hands out the notes taken since its last call.
 */
export function watchConsole(target: Console): () => readonly string[] {
  let writes: string[] = [];
  for (const method of methods) {
    target[method] = (...values: unknown[]) => {
      writes.push(`console.${method}(${format(...values)})`);
    };
  }
  return () => {
    const taken = writes;
    writes = [];
    return taken;
  };
}
