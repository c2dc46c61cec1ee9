import { readFileSync } from "node:fs";

/** One thing that can go wrong around the backend. */
export type Fault = {
  readonly id: string;
  /** What goes wrong: what the upstream, the client, or the host does. */
  readonly happens: string;
  /** What callers and users see of it. */
  readonly seen: string;
  /** The files of apps/server/test/faults that hold its tests, whose titles begin with the id. */
  readonly tests: readonly string[];
  /** Why it cannot be handled yet: it needs a database or hosts that there are none of. It counts as not handled. */
  readonly waits?: string;
};

/** The faults of one origin; the letter begins their ids. */
export type FaultSection = {
  readonly letter: string;
  readonly title: string;
  /** Heads the column of what goes wrong. */
  readonly actor: string;
  /** Who looks on in its tests. */
  readonly stage: string;
  readonly faults: readonly Fault[];
};

const read = (file: string) =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as readonly Fault[];

/** Every fault that is tested, by where it comes from. docs/faults.md is made from it. */
export const sections: readonly FaultSection[] = [
  {
    letter: "U",
    title: "Upstream",
    actor: "the upstream",
    stage:
      "An upstream on real sockets does what the line says; callers of `/v1/chat/completions` (streamed and in one piece) and users of a conversation look on.",
    faults: read("upstream-faults.json"),
  },
  {
    letter: "C",
    title: "Client",
    actor: "the client",
    stage:
      "A client does what the line says, on every face that lets it; other clients of the same backend go on meanwhile, and get what they asked for.",
    faults: read("client-faults.json"),
  },
  {
    letter: "P",
    title: "Process, storage and host",
    actor: "the process, its storage or its host",
    stage:
      "The backend runs in a process of its own where the fault would take the tests along; clients come back after it, and look at what they were promised.",
    faults: read("host-faults.json"),
  },
];

/** All faults of all sections. */
export const faults: readonly Fault[] = sections.flatMap((section) => section.faults);
