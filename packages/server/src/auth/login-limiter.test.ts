import { DomainError } from "@llm-backend/contract";
import { describe, expect, it } from "vitest";
import { createLoginLimiter, type LoginLimits } from "./login-limiter.ts";

const limits: LoginLimits = {
  perAccountAndAddress: 3,
  perAddress: 5,
  perAccount: 8,
  registrationsPerAddress: 2,
};

const attempt = (account: string, address: string, isKnown = false) => ({
  account,
  address,
  isKnown: () => Promise.resolve(isKnown),
});

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "taken",
    (error: unknown) => (DomainError.is(error) ? error.code : error),
  );

describe("the limiter", () => {
  it("takes so many failures of one account from one address", async () => {
    const limiter = createLoginLimiter(limits);
    const codes = [];
    for (let index = 0; index < 4; index++)
      codes.push(await codeOf(limiter.begin(attempt("a", "192.0.2.1"))));
    expect(codes).toEqual(["taken", "taken", "taken", "rate_limited"]);
  });

  it("takes so many failures of one address", async () => {
    const limiter = createLoginLimiter(limits);
    const codes = [];
    for (let index = 0; index < 6; index++)
      codes.push(await codeOf(limiter.begin(attempt(`a${index}`, "192.0.2.1"))));
    expect(codes).toEqual([...Array<string>(5).fill("taken"), "rate_limited"]);
  });

  it("beyond the limit of an account lets strangers try rarely, and its owner always", async () => {
    const limiter = createLoginLimiter(limits);
    for (let index = 0; index < 8; index++) await limiter.begin(attempt("a", `192.0.2.${index}`));
    expect(await codeOf(limiter.begin(attempt("a", "198.51.100.1")))).toBe("taken");
    expect(await codeOf(limiter.begin(attempt("a", "198.51.100.2")))).toBe("rate_limited");
    expect(await codeOf(limiter.begin(attempt("a", "198.51.100.3", true)))).toBe("taken");
    expect(await codeOf(limiter.begin(attempt("b", "198.51.100.2")))).toBe("taken");
  });

  it("counts a try that was right, or that nobody looked at, no more", async () => {
    const limiter = createLoginLimiter(limits);
    for (let index = 0; index < 50; index++) {
      const mine = attempt("a", "192.0.2.1");
      await limiter.begin(mine);
      await (index % 2 === 0 ? limiter.succeed(mine) : limiter.withdraw(mine));
    }
    expect(await codeOf(limiter.begin(attempt("a", "192.0.2.1")))).toBe("taken");
  });

  it("keeps the failures before a try that nobody looked at, and forgets those before one that was right", async () => {
    const limiter = createLoginLimiter(limits);
    const mine = attempt("a", "192.0.2.1");
    await limiter.begin(mine);
    await limiter.begin(mine);
    await limiter.begin(mine);
    await limiter.withdraw(mine);
    await limiter.begin(mine);
    expect(await codeOf(limiter.begin(mine))).toBe("rate_limited");
    await limiter.succeed(mine);
    expect(await codeOf(limiter.begin(mine))).toBe("taken");
  });

  it("says how long to wait, never less than a second", async () => {
    const limiter = createLoginLimiter({ ...limits, registrationsPerAddress: 1 });
    await limiter.register("192.0.2.1");
    const error = await limiter.register("192.0.2.1").catch((thrown: unknown) => thrown);
    expect(DomainError.is(error) && error.details?.retryAfterMs).toBeGreaterThan(590_000);
    const fresh = createLoginLimiter({ ...limits, perAccount: 1 });
    for (let index = 0; index < 2; index++) await fresh.begin(attempt("a", `192.0.2.${index}`));
    const slowed = await fresh.begin(attempt("a", "192.0.2.9")).catch((thrown: unknown) => thrown);
    expect(DomainError.is(slowed) && slowed.details?.retryAfterMs).toBeGreaterThanOrEqual(1000);
  });
});
