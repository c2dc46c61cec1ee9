import { DomainError } from "@llm-backend/contract";
import { createFailureWindow, type FailureWindow } from "../limit/failure-window.ts";
import type { SharedLimits } from "../limit/shared-limits.ts";
import { toAddressKey } from "./address-key.ts";

/** How many failed logins, and how many registrations, are taken within ten minutes. */
export type LoginLimits = {
  /** Failures of one account from one address. */
  readonly perAccountAndAddress: number;
  /** Failures of one address, whatever the account. */
  readonly perAddress: number;
  /** Failures of one account from all addresses; beyond it, strange addresses get one try every three seconds. */
  readonly perAccount: number;
  readonly registrationsPerAddress: number;
};

/** Who tries to log in. */
export type LoginAttempt = {
  readonly account: string;
  readonly address: string;
  /** Tells whether the account was logged in from this address before: its owner is never slowed by strangers. */
  readonly isKnown: () => Promise<boolean>;
};

/** Slows guessing without locking the owner out. */
export type LoginLimiter = {
  /**
   * Counts a try before it is checked, so that parallel tries count too.
   *
   * @throws DomainError `rate_limited` with the time to wait.
   */
  begin(attempt: LoginAttempt): Promise<void>;
  /** Forgets the failures before it as well: the password was right. */
  succeed(attempt: LoginAttempt): Promise<void>;
  /** Takes the try back: nobody has looked at the password. */
  withdraw(attempt: LoginAttempt): Promise<void>;
  /** @throws DomainError `rate_limited` with the time to wait. */
  register(address: string): Promise<void>;
};

const windowSeconds = 600;

/** Creates the limiter; its counters live in this process and end with it, but for those that processes share. */
export function createLoginLimiter(limits: LoginLimits, shared?: SharedLimits): LoginLimiter {
  const window = (name: string, points: number, seconds = windowSeconds) =>
    createFailureWindow({ name, points, seconds, shared: shared?.openWindow(name, seconds) });
  const pairs = window("pair", limits.perAccountAndAddress);
  const addresses = window("address", limits.perAddress);
  const accounts = window("account", limits.perAccount);
  const strangers = window("stranger", 1, 3);
  const registrations = window("register", limits.registrationsPerAddress);
  return {
    async begin({ account, address, isKnown }) {
      const place = toAddressKey(address);
      await consume(addresses, place);
      await consume(pairs, `${account}|${place}`);
      const isOver = (await accounts.consume(account)) !== undefined;
      if (isOver && !(await isKnown())) await consume(strangers, account);
    },
    async succeed({ account, address }) {
      const place = toAddressKey(address);
      await addresses.reward(place);
      await pairs.forget(`${account}|${place}`);
      await accounts.reward(account);
    },
    async withdraw({ account, address }) {
      const place = toAddressKey(address);
      await addresses.reward(place);
      await pairs.reward(`${account}|${place}`);
      await accounts.reward(account);
    },
    register: (address) => consume(registrations, toAddressKey(address)),
  };
}

async function consume(window: FailureWindow, key: string): Promise<void> {
  const waitMs = await window.consume(key);
  if (waitMs === undefined) return;
  throw new DomainError("rate_limited", "Too many tries; wait a little.", {
    details: { retryAfterMs: Math.max(1000, waitMs) },
  });
}
