import { DomainError } from "@llm-backend/contract";
import { expect, it } from "vitest";
import { readHostError } from "./host-error.ts";

const toHostError = (statusCode: number) =>
  Object.assign(new Error("secret"), { statusCode, code: "FST_ERR_X" });

it.each([
  [400, "invalid_input"],
  [404, "not_found"],
  [413, "input_too_large"],
  [415, "unsupported_media_type"],
])("reads the host's refusal with the status %i as %s, without its words", (status, code) => {
  const error = readHostError(toHostError(status)) as DomainError;
  expect(DomainError.is(error) && error.code).toBe(code);
  expect(error.message).not.toContain("secret");
});

it.each([[toHostError(500)], [new Error("x")], ["text"], [undefined], [new DomainError("conflict")]])(
  "passes on what is no refusal of the host's",
  (error) => {
    expect(readHostError(error)).toBe(error);
  },
);
