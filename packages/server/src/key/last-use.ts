import type { Storage } from "@llm-backend/storage";

/** Notes when keys were used, off the path of the requests. */
export type LastUse = {
  note(keyId: string): void;
  /** Writes what was noted. Never rejects: what could not be written is written the next time. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** Creates the note-book; it is written at most once in `intervalMs`, all keys in one transaction. */
export function createLastUse(deps: {
  readonly storage: Storage;
  readonly now: () => number;
  readonly intervalMs: number;
  readonly onInternalError: (error: unknown) => void;
}): LastUse {
  const used = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (used.size === 0) return;
    const noted = [...used];
    used.clear();
    try {
      await deps.storage.transaction(async (tx) => {
        for (const [keyId, at] of noted) await tx.keys.updateLastUsed(keyId, at);
      });
    } catch (error) {
      deps.onInternalError(error);
      for (const [keyId, at] of noted) if (!used.has(keyId)) used.set(keyId, at);
    }
  }

  return {
    note(keyId) {
      used.set(keyId, deps.now());
      timer ??= setTimeout(() => void flush(), deps.intervalMs).unref();
    },
    flush,
    close: flush,
  };
}
