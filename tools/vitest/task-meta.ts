import "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** Why a test or a suite that is declared with `skip`, `skipIf` or `runIf` does not run. */
    skipReason?: string;
  }
}
