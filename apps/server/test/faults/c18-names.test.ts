import { describe, expect, it } from "vitest";
import { createRestCaller, password } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { setClientStage, type ClientStage } from "./client-stage.ts";

describe("C18: a name looks like another one", () => {
  const register = (stage: ClientStage, username: string) =>
    createTrpcCaller(stage.backend.url).tryMutate("auth.register", { username, password });

  it.each([
    ["turns the line around", "ada\u202enimda"],
    ["holds what nobody sees", "a\u200bda"],
    ["joins what is one already", "a\u200dda"],
    ["holds a tag", "a\u{e0061}da"],
    ["has 10,000 marks on a letter", `a${"\u0301".repeat(10_000)}`],
    ["has six marks on a letter", `a${"\u0301".repeat(6)}`],
    ["holds a Cyrillic letter among Latin ones", "p\u0430ypal"],
    ["holds a Greek letter among Latin ones", "g\u03bfogle"],
    ["holds a line break", "ada\nroot"],
    ["is too long in bytes and characters", "\u{1f600}".repeat(65)],
  ])("C18: one that %s is refused on every face", async (_name, username) => {
    await using stage = await setClientStage({ canaries: 1 });
    expect((await register(stage, username)).status).toBe(400);
    const overRest = await createRestCaller(stage.backend.url).post("/api/users/register", {
      username,
      password,
    });
    expect(overRest.status).toBe(400);
    await stage.judge();
  });

  it("C18: however it is written, it is one account, also for twenty who register at once", async () => {
    await using stage = await setClientStage();
    const twins = [
      ["Zo\u00eb", "Zoe\u0308", "ZO\u00cb", "\uff3a\uff4f\u00eb"],
      ["\uac00\ub098", "\u1100\u1161\u1102\u1161"],
      ["\ufb01nn", "finn", "FINN"],
      ["Stra\u00dfe"],
    ];
    for (const spellings of twins) {
      const tries = await Promise.all(
        Array.from({ length: 20 }, (_, index) => register(stage, spellings[index % spellings.length] ?? "")),
      );
      expect(tries.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
        200,
        ...Array.from({ length: 19 }, () => 409),
      ]);
      const names = await Promise.all(
        spellings.map(async (username) => {
          const login = { username, password };
          const { accessToken } = await createTrpcCaller(stage.backend.url).mutate<{ accessToken: string }>(
            "auth.login",
            login,
          );
          return createTrpcCaller(stage.backend.url, accessToken).query<{ userId: number }>("auth.me");
        }),
      );
      expect(new Set(names.map(({ userId }) => userId)).size).toBe(1);
    }
    await stage.judge();
  });
});
