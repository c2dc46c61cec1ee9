import { readFileSync } from "node:fs";

/** One thing that can go wrong at an upstream. */
export type Fault = {
  readonly id: string;
  /** What the upstream does. */
  readonly happens: string;
  /** What the caller of `/v1` or the user of a conversation sees of it. */
  readonly seen: string;
  /** The files of apps/server/test/faults that hold its tests, whose titles begin with the id. */
  readonly tests: readonly string[];
};

/** Every fault of an upstream that is tested. docs/faults.md is made from it. */
export const faults = JSON.parse(
  readFileSync(new URL("fault-catalogue.json", import.meta.url), "utf8"),
) as readonly Fault[];
