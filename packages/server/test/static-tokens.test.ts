import type { Access, AccessSettings } from "@llm-backend/server";
import { describe, expect, it } from "vitest";
import { openKeyStage, type KeyStage } from "./key-stage.ts";
import { codeOf } from "./open-services.ts";

const closed: AccessSettings = {
  globalTokens: ["global", "", "both"],
  adminTokens: ["admin"],
  isOpen: false,
};

/** A server with one upstream of each kind. */
async function openStage(access: Partial<AccessSettings> = {}): Promise<KeyStage> {
  const stage = await openKeyStage({ access: { ...closed, ...access } });
  stage.backend.services.keys.setUpstreamAccess([
    { upstreamId: "plain", tokens: [], isOpen: false },
    { upstreamId: "own", tokens: ["special", "both", ""], isOpen: false },
    { upstreamId: "open", tokens: ["special"], isOpen: true },
  ]);
  return stage;
}

const seen = (access: Access) => ["plain", "own", "open", "new"].filter(access.mayUse);

describe("an upstream", () => {
  it.each([
    ["a global token", "global", "token", ["plain", "open", "new"]],
    ["a token of its own", "special", "token", ["own", "open"]],
    ["a token that is both", "both", "token", ["plain", "own", "open", "new"]],
    ["no token", undefined, "open", ["open"]],
    ["an unknown token", "unknown", "open", ["open"]],
    ["an empty token", "", "open", ["open"]],
  ] as const)("is seen with %s as it says", async (_, token, kind, upstreams) => {
    await using stage = await openStage();
    const access = await stage.backend.services.keys.authenticate(token, "inference");
    expect(access.kind).toBe(kind);
    expect(seen(access)).toEqual(upstreams);
  });

  it("is seen with a key of ours like with a global token", async () => {
    await using stage = await openStage();
    const { access } = await stage.createKey();
    expect(access.kind).toBe("key");
    expect(seen(access)).toEqual(["plain", "open", "new"]);
  });

  it("is seen by all on an open server, but for one with tokens of its own", async () => {
    await using stage = await openStage({ isOpen: true });
    const access = await stage.backend.services.keys.authenticate(undefined, "inference");
    expect(seen(access)).toEqual(["plain", "open", "new"]);
    const { key, secret } = await stage.createKey();
    // A key is known there too: its limits count.
    expect((await stage.backend.services.keys.authenticate(secret, "inference")).keyId).toBe(key.keyId);
  });

  it("changes for calls under way when the list does", async () => {
    await using stage = await openStage();
    const { keys } = stage.backend.services;
    const access = await keys.authenticate("global", "inference");
    keys.setUpstreamAccess([{ upstreamId: "plain", tokens: ["another"], isOpen: false }]);
    expect(seen(access)).toEqual(["own", "open", "new"]);
    expect(await codeOf(keys.authenticate("special", "inference"))).toBe("unauthenticated");
    expect(await codeOf(keys.authenticate(undefined, "inference"))).toBe("unauthenticated");
  });
});

describe("the administration", () => {
  it("is opened by its own tokens only, even on an open server", async () => {
    await using stage = await openStage({ isOpen: true });
    const { keys } = stage.backend.services;
    expect(await codeOf(keys.authenticate("admin", "admin"))).toBeUndefined();
    for (const token of [undefined, "", "global", "special", "unknown"])
      expect(await codeOf(keys.authenticate(token, "admin"))).toBe("unauthenticated");
  });

  it("has tokens that are none for asking models", async () => {
    await using stage = await openKeyStage({ access: closed });
    expect(await codeOf(stage.backend.services.keys.authenticate("admin", "inference"))).toBe(
      "unauthenticated",
    );
  });
});
