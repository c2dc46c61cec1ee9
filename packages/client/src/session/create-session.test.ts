import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LlmBackendError } from "../error/llm-backend-error.ts";
import type { TokenPair } from "../wire-types.ts";
import { createSession, type AuthCalls, type SessionOptions } from "./create-session.ts";

let made = 0;

/** A pair that is good for so long. */
function makePair(ms = 900_000): TokenPair {
  const number = ++made;
  return {
    accessToken: `access-${number}`,
    accessTokenExpiresAt: new Date(Date.now() + ms),
    refreshToken: `refresh-${number}`,
    refreshTokenExpiresAt: new Date(Date.now() + 1e9),
  };
}

function setUp(options: SessionOptions, refresh: AuthCalls["refresh"] = () => Promise.resolve(makePair())) {
  const auth = {
    login: vi.fn<AuthCalls["login"]>(() => Promise.resolve(makePair())),
    refresh: vi.fn<AuthCalls["refresh"]>(refresh),
    logout: vi.fn<AuthCalls["logout"]>(() => Promise.resolve()),
  };
  return { auth, session: createSession(options, auth) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a session", () => {
  it("has no token before a login, and none to offer for a refused one", async () => {
    const { session, auth } = setUp({});
    expect(await session.get()).toBeUndefined();
    expect(await session.renew(undefined)).toBeUndefined();
    expect(auth.refresh).not.toHaveBeenCalled();
  });

  it("uses a token until it is about to expire", async () => {
    const tokens = makePair(60_000);
    const { session, auth } = setUp({ tokens });
    expect(await session.get()).toBe(tokens.accessToken);
    vi.advanceTimersByTime(31_000);
    const [one, two] = await Promise.all([session.get(), session.get()]);
    expect(one).toBe((await session.tokens())?.accessToken);
    expect(two).toBe(one);
    expect(one).not.toBe(tokens.accessToken);
    expect(auth.refresh).toHaveBeenCalledExactlyOnceWith(tokens.refreshToken);
  });

  it("does not refresh at every call when the clock here runs ahead", async () => {
    const { session, auth } = setUp({ tokens: makePair(-3_600_000) }, () =>
      Promise.resolve(makePair(-2_700_000)),
    );
    for (let call = 0; call < 10; call++) await session.get();
    expect(auth.refresh).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(21_000);
    await session.get();
    expect(auth.refresh).toHaveBeenCalledTimes(2);
  });

  it("offers the token that has taken a refused one's place, without another refresh", async () => {
    const tokens = makePair();
    const { session, auth } = setUp({ tokens });
    const renewed = await session.renew(tokens.accessToken);
    expect(await session.renew(tokens.accessToken)).toBe(renewed);
    expect(auth.refresh).toHaveBeenCalledTimes(1);
  });

  it.each(["login", "logout"] as const)("lets a %s stand that came while it was refreshing", async (what) => {
    const answer = Promise.withResolvers<TokenPair>();
    const tokens = makePair();
    const changes: (TokenPair | null)[] = [];
    const { session } = setUp({ tokens, onChange: (next) => changes.push(next) }, () => answer.promise);
    const renewing = session.renew(tokens.accessToken);
    await vi.advanceTimersByTimeAsync(0);
    if (what === "login") await session.login({ username: "ada", password: "x" });
    else await session.logout();
    const after = await session.tokens();
    answer.resolve(makePair());
    expect(await renewing).toBe(after?.accessToken);
    expect(await session.tokens()).toEqual(after);
    expect(changes).toEqual([after]);
  });

  it("repeats a refresh that got no answer, but not beyond the server's patience", async () => {
    const tokens = makePair();
    const lost = new LlmBackendError("network", "gone", { retryable: true });
    const { session, auth } = setUp({ tokens }, () => Promise.reject(lost));
    const startedAt = performance.now();
    const failing = session.renew(tokens.accessToken).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    expect(await failing).toBe(lost);
    expect(auth.refresh.mock.calls.length).toBeGreaterThan(2);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await session.tokens()).toEqual(tokens);
  });
});

describe("a session in a storage", () => {
  it("waits for storages that take their time, and takes what another tab has put there", async () => {
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => Promise.resolve(items.get(key) ?? null),
      setItem: async (key: string, value: string) => void items.set(key, value),
      removeItem: async (key: string) => void items.delete(key),
    };
    const { session, auth } = setUp({ storage });
    await session.login({ username: "ada", password: "x" });
    const tokens = await session.tokens();
    expect(tokens?.accessTokenExpiresAt).toBeInstanceOf(Date);
    const fromOtherTab = makePair();
    items.set("llm-backend.session", JSON.stringify(fromOtherTab));
    expect(await session.renew(tokens?.accessToken)).toBe(fromOtherTab.accessToken);
    expect(auth.refresh).not.toHaveBeenCalled();
    await session.logout();
    expect(items.size).toBe(0);
  });

  it.each(["", "null", "{}", "[]", '"text"', '{"accessTokenExpiresAt":"never"}'])(
    "takes %j for nothing",
    async (text) => {
      const storage = { getItem: () => text, setItem: () => {}, removeItem: () => {} };
      expect(await setUp({ storage }).session.tokens()).toBeNull();
    },
  );
});
