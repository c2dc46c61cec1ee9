import type { ErrorShape } from "@llm-backend/server";
import { expect } from "vitest";
import { readSseEvents } from "../callers/frames.ts";
import { expectHarmless } from "./hostile-world.ts";

/** What a procedure answered; a stream that ended with a failure counts as that failure. */
export type Answer = {
  readonly status: number;
  readonly text: string;
  readonly error: ErrorShape | undefined;
};

/** Sends a body to a procedure, whatever its kind: they all take one. */
export function callProcedure(url: string, body: string | Buffer, token?: string): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: body as BodyInit,
  });
}

/** Reads an answer to its end, and fails for one that is neither a result nor a documented refusal. */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  expectHarmless(text);
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) return readStream(text);
  const { error } = JSON.parse(text) as { error?: { json: ErrorShape } };
  if (error !== undefined) expectDocumented(error.json, response.status);
  return { status: response.status, text, error: error?.json };
}

function readStream(text: string): Answer {
  const failure = readSseEvents(text).find(({ event }) => event === "serialized-error");
  if (failure === undefined) return { status: 200, text, error: undefined };
  const { json } = JSON.parse(failure.data) as { json: ErrorShape };
  expectDocumented(json, json.data.httpStatus);
  return { status: json.data.httpStatus, text, error: json };
}

function expectDocumented(error: ErrorShape, status: number): void {
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(error).toMatchObject({
    message: expect.stringMatching(/./),
    code: expect.any(Number),
    data: {
      code: expect.any(String),
      httpStatus: status,
      reason: expect.any(String),
      retryable: expect.any(Boolean),
    },
  });
  expect(error.data).not.toHaveProperty("stack");
}

/** An input as the wire has it. */
export const toBody = (input: unknown): string => JSON.stringify({ json: input });

/** The same with other JSON in the place of one field, and what is said of the types in it. */
export function toHostileBody(
  input: Readonly<Record<string, unknown>>,
  { field, json, wireType }: { field: string; json: string; wireType?: string },
): string {
  const fields = Object.entries({ ...input, [field]: 0 }).map(([key, value]) =>
    key === field ? `"${key}":${json}` : `"${key}":${JSON.stringify(value)}`,
  );
  const meta = wireType === undefined ? "" : `,"meta":{"values":{"${field}":${wireType}}}`;
  return `{"json":{${fields.join(",")}}${meta}}`;
}
