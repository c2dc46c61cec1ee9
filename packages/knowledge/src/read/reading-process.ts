import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DomainError } from "@llm-backend/contract";
import type { ReadLimits } from "../ports.ts";
import type { FromReading, Question, Reply, ToReading } from "./reading-messages.ts";
import { findResidentBytes } from "./resident-bytes.ts";
import { toSiblingUrl } from "./sibling-url.ts";
import { tooMuchMemory } from "./unreadable-document.ts";

/** A process that reads documents, one at a time. */
export type ReadingProcess = {
  readonly pid: number | undefined;
  /** Whether it can be asked. */
  readonly isAlive: boolean;
  /** Resolves when it is gone. */
  readonly exited: Promise<void>;
  /**
   * Asks, and waits for the answer. Nothing else may be asked meanwhile.
   *
   * @throws DomainError `document_unreadable` when it takes longer than `timeoutMs` or more memory than it may, which ends
   *   the process, or when the document brings the process down; `overloaded` or `internal` when it could not be started.
   */
  ask(message: Question, timeoutMs: number): Promise<Reply>;
  /** Lets it forget the document that it has open. */
  drop(): void;
  /** Whether it has so much memory left that another document should begin with it. */
  isRoomy(): Promise<boolean>;
  kill(): void;
};

const memoryWatchMs = 40;
// What is outside of the heap (files, what they unpack to) has to find room as well.
const heapShare = 0.7;
// What finds the ends of sentences holds memory that the collector does not see. Collecting often lets go of it.
const youngHeapMegabytes = 2;

/** Starts a reading process. It never keeps this one alive, but while it is being asked. */
export function startReadingProcess(limits: ReadLimits): ReadingProcess {
  const child = forkReader(limits);
  const exited = Promise.withResolvers<void>();
  let pending: PromiseWithResolvers<Reply> | undefined;
  let isAlive = true;
  let isReady = false;
  let failure: DomainError | undefined;

  const kill = (reason?: DomainError) => {
    failure ??= reason;
    isAlive = false;
    child.kill("SIGKILL");
    // Whoever waits for its end gets to hear of it, also where nothing else keeps this process alive.
    child.ref();
  };
  const end = (reason: DomainError) => {
    isAlive = false;
    pending?.reject(failure ?? reason);
    exited.resolve();
  };
  child.on("message", (message: FromReading) => {
    if (message.type === "ready") isReady = true;
    else pending?.resolve(message);
  });
  child.on("error", (cause) => {
    // Sending to one that has just ended fails as well; its end is told by `exit`.
    if (child.pid === undefined)
      end(new DomainError("overloaded", "The document cannot be read just now.", { cause }));
  });
  child.on("exit", (code, signal) => end(isReady ? explainExit(signal) : toNotStarted(signal ?? code)));
  child.unref();
  child.channel?.unref();

  return {
    pid: child.pid,
    get isAlive() {
      return isAlive;
    },
    exited: exited.promise,
    async ask(message, timeoutMs) {
      pending = Promise.withResolvers<Reply>();
      child.ref();
      child.channel?.ref();
      const timer = setTimeout(() => kill(unreadable(toTooLong(limits.seconds))), timeoutMs);
      const watch = watchMemory(child, limits.memoryBytes, () => kill(unreadable(tooMuchMemory)));
      try {
        if (isAlive) child.send(message, () => {});
        else pending.reject(failure ?? toNotStarted("its end"));
        return await pending.promise;
      } finally {
        clearTimeout(timer);
        watch.stop();
        pending = undefined;
        child.unref();
        child.channel?.unref();
      }
    },
    drop() {
      if (isAlive) child.send({ type: "drop" } satisfies ToReading, () => {});
    },
    async isRoomy() {
      const bytes = child.pid === undefined ? undefined : await findResidentBytes(child.pid);
      return isAlive && (bytes === undefined || bytes < limits.memoryBytes / 2);
    },
    kill: () => kill(),
  };
}

function forkReader(limits: ReadLimits): ChildProcess {
  const heapMegabytes = Math.ceil((limits.memoryBytes * heapShare) / 1024 / 1024);
  return fork(fileURLToPath(toSiblingUrl(import.meta.url, "reading-main")), [String(process.pid)], {
    env: {},
    execArgv: [
      `--max-old-space-size=${heapMegabytes}`,
      `--max-semi-space-size=${youngHeapMegabytes}`,
      // It reads files and has a thread of its own. It writes nothing, starts nothing, and loads no native code.
      "--permission",
      "--allow-fs-read=*",
      "--allow-worker",
    ],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
}

/** Asks again and again how much memory a process holds, one question after the other. */
function watchMemory(child: ChildProcess, bytesMax: number, onExceeded: () => void): { stop(): void } {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const look = async () => {
    const bytes = child.pid === undefined ? undefined : await findResidentBytes(child.pid);
    if (isStopped) return;
    if (bytes !== undefined && bytes > bytesMax) onExceeded();
    else timer = setTimeout(() => void look(), memoryWatchMs);
  };
  timer = setTimeout(() => void look(), memoryWatchMs);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

function unreadable(sentence: string): DomainError {
  return new DomainError("document_unreadable", sentence);
}

function toTooLong(seconds: number): string {
  return `Reading the document took longer than ${seconds} ${seconds === 1 ? "second" : "seconds"}.`;
}

/** No fault of the document. */
function toNotStarted(how: string | number | null): DomainError {
  return new DomainError("internal", `The process that reads documents ended before it began, with ${how}.`);
}

/** Out of memory, Node aborts; a system that is out of memory kills. */
function explainExit(signal: NodeJS.Signals | null): DomainError {
  if (signal === "SIGABRT" || signal === "SIGKILL" || signal === "SIGTRAP") return unreadable(tooMuchMemory);
  return unreadable("The document is damaged: what should have read it ended without a result.");
}
