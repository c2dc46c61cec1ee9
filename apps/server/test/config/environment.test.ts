import { describe, expect, it, vi } from "vitest";
import { readEnvironment, toBaseUrlVariables } from "../../src/env.ts";

describe("the environment", () => {
  it("is read as far as it is ours, trimmed, empty variables left out", () => {
    vi.stubEnv("LLM_BACKEND_ADDR", " :9000 ");
    vi.stubEnv("LLM_BACKEND_DATA", "");
    vi.stubEnv("LLM_BACKEND_LOGLEVEL", "debug");
    const { settings, unknownSettings } = readEnvironment();
    expect(settings).toMatchObject({ LLM_BACKEND_ADDR: ":9000" });
    expect(settings).not.toHaveProperty("LLM_BACKEND_DATA");
    expect(unknownSettings).toContain("LLM_BACKEND_LOGLEVEL");
  });

  it("holds the providers' variables that were asked for, and no others", () => {
    vi.stubEnv("OPENAI_API_KEY", "sk-1");
    vi.stubEnv("OPENAI_BASE_URL", "http://localhost:1/v1");
    vi.stubEnv("HF_TOKEN", "hf-1");
    vi.stubEnv("OTHER_API_KEY", "x");
    expect(readEnvironment(["OPENAI_API_KEY", "HF_TOKEN", "ABSENT_API_KEY"]).providerVariables).toEqual({
      OPENAI_API_KEY: "sk-1",
      OPENAI_BASE_URL: "http://localhost:1/v1",
      HF_TOKEN: "hf-1",
    });
    expect(readEnvironment().providerVariables).toEqual({});
  });

  it("is a snapshot", () => {
    vi.stubEnv("LLM_BACKEND_LOG_LEVEL", "warn");
    const environment = readEnvironment();
    vi.stubEnv("LLM_BACKEND_LOG_LEVEL", "error");
    expect(environment.settings.LLM_BACKEND_LOG_LEVEL).toBe("warn");
  });

  it.each([
    ["OPENAI_API_KEY", ["OPENAI_BASE_URL", "OPENAI_API_BASE"]],
    ["HF_TOKEN", ["HF_BASE_URL", "HF_API_BASE"]],
    ["ZHIPU_KEY", ["ZHIPU_BASE_URL", "ZHIPU_API_BASE"]],
  ])("knows which variables move the key of %s", (variable, expected) => {
    expect(toBaseUrlVariables(variable)).toEqual(expected);
  });
});
