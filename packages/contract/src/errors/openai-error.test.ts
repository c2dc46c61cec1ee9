import { expect, it } from "vitest";
import { errorCodes, type ErrorCode } from "./error-codes.ts";
import { toOpenAiError } from "./openai-error.ts";

it("has the fields that OpenAI's clients read, in its order, with the words of the error's row", () => {
  expect(JSON.stringify(toOpenAiError("rate_limited", "Slow down."))).toBe(
    '{"message":"Slow down.","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}',
  );
});

it.each(Object.keys(errorCodes) as ErrorCode[])("tells %s apart", (code) => {
  expect(toOpenAiError(code, "")).toMatchObject({
    type: errorCodes[code].type,
    code: errorCodes[code].openai,
  });
});
