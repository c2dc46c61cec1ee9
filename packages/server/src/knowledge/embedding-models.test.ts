import { DomainError } from "@llm-backend/contract";
import { describe, expect, it } from "vitest";
import { createEmbeddingModels } from "./embedding-models.ts";

const upstreamModels = ["gpt-4o", "text-embedding-3-small", "bge-m3"];
const setUp = (settings: { models?: readonly string[]; defaultModel?: string } = {}) =>
  createEmbeddingModels({
    settings: { models: settings.models, defaultModel: settings.defaultModel },
    listUpstreamModels: () => upstreamModels,
  });
const names = (models: ReturnType<typeof setUp>) => models.list().map(({ model }) => model);

describe("embedding models", () => {
  it("are the built-in one, and those of upstreams that are called like one", () => {
    expect(names(setUp())).toEqual(["builtin-hashed", "text-embedding-3-small", "bge-m3"]);
    expect(setUp().list()[0]).toEqual({ model: "builtin-hashed", kind: "lexical", isDefault: true });
  });

  it("are those of the configuration where it names some, its usual one first", () => {
    const models = setUp({ models: ["a", "b"], defaultModel: "b" });
    expect(names(models)).toEqual(["b", "builtin-hashed", "a"]);
    expect(models.choose(undefined)).toBe("b");
  });

  it("are chosen among those that there are", () => {
    expect(setUp().choose("bge-m3")).toBe("bge-m3");
    let failure: unknown;
    try {
      setUp().choose("gpt-4o");
    } catch (error) {
      failure = error;
    }
    expect(DomainError.is(failure) && failure.code).toBe("model_not_found");
  });
});
