import { DomainError } from "@llm-backend/contract";
import { hash as argon2Hash, verify as argon2Verify } from "@node-rs/argon2";
import { verify as bcryptVerify } from "@node-rs/bcrypt";

/** The cost of a hash, and how much hashing may go on. */
export type PasswordHasherOptions = {
  readonly memoryKib: number;
  readonly timeCost: number;
  /** How many hashes are computed at once; they share the thread pool with the file system. */
  readonly concurrency: number;
  /** How many may wait; one more is refused. */
  readonly queueMax: number;
};

/** Hashes and verifies passwords, bounded. */
export type PasswordHasher = {
  /** @throws DomainError `overloaded` when too many are waiting. */
  hash(password: string): Promise<string>;
  /**
   * Verifies a password; without a hash, or with one of an unknown form, it takes the time of one and is false.
   *
   * @throws DomainError `overloaded` when too many are waiting.
   */
  verify(hash: string | undefined, password: string): Promise<boolean>;
  /** Whether a hash should be made anew: bcrypt, or argon2id with less than today's cost. */
  isOutdated(hash: string): boolean;
};

// bcrypt reads 72 bytes and no more; the systems that wrote these hashes cut there too.
const bcryptBytesMax = 72;

const bcryptForm = /^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/;
const argon2Form = /^\$argon2(id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

/** Creates the hasher: argon2id for what is new, bcrypt for what was imported. */
export async function createPasswordHasher(options: PasswordHasherOptions): Promise<PasswordHasher> {
  // argon2id is the library's default; its enum cannot be imported into isolated modules.
  const cost = {
    memoryCost: options.memoryKib,
    timeCost: options.timeCost,
    parallelism: 1,
  };
  const queue = createWorkQueue(options);
  // Stands in for the hash of users that do not exist: no password matches it, and it costs the same.
  const dummy = await argon2Hash(crypto.randomUUID(), cost);
  return {
    hash: (password) => queue(() => argon2Hash(password, cost)),
    async verify(hash, password) {
      if (hash !== undefined && bcryptForm.test(hash)) {
        return queue(() => bcryptVerify(cutForBcrypt(password), hash));
      }
      if (hash !== undefined && argon2Form.test(hash)) return queue(() => argon2Verify(hash, password));
      await queue(() => argon2Verify(dummy, password));
      return false;
    },
    isOutdated(hash) {
      const stored = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(hash);
      return stored === null || Number(stored[1]) < options.memoryKib || Number(stored[2]) < options.timeCost;
    },
  };
}

function cutForBcrypt(password: string): Buffer {
  return Buffer.from(password).subarray(0, bcryptBytesMax);
}

function createWorkQueue(limits: { concurrency: number; queueMax: number }) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= limits.concurrency) {
      if (waiting.length >= limits.queueMax) {
        throw new DomainError("overloaded", "Too many logins at once; try again shortly.", {
          details: { retryAfterMs: 1000 },
        });
      }
      // Whoever ends hands its place on, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
