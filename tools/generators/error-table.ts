import { errorCodes } from "@llm-backend/contract";

export const path = "docs/errors.md";

const head = `# Errors

Made from \`packages/contract/src/errors/error-codes.ts\`; do not edit.

Every failure has one code. The typed client throws it as \`error.code\` (with \`message\`, \`retryable\`, \`retryAfterMs\`,
\`issues\`); over tRPC it is \`data.reason\`; over REST the code shows as the status, with the message as
\`{"error": "<sentence>"}\`. A single REST call may answer with another status where its contract says so: \`/api/docs\` has
them. Where waiting helps, \`Retry-After\` says how long.

A stream that has begun ends with an event instead: \`run-error\` with the same code, or one \`error\` frame over REST.

Under \`/v1\` the status is the same, and the body is OpenAI's: \`{"error": {"message", "type", "param", "code"}}\`, with the
type and code of the table. What an upstream itself rejected (400, 404, 413, 422 and the like) goes back in its own words
and with its own status. A stream that has begun ends with one such object as its last event, and without \`[DONE]\`.

| code | tRPC | status | \`/v1\` type | \`/v1\` code | try again | means |
|---|---|---|---|---|---|---|
`;

/** The table of all errors, as a page for callers. */
export function generate(): Promise<string> {
  const rows = Object.entries(errorCodes).map(
    ([code, row]) =>
      `| \`${code}\` | ${row.trpc} | ${row.status} | \`${row.type}\` | \`${row.openai}\` | ${row.retryable ? "yes" : "no"} | ${row.publicMessage.replace(/\.$/, "")} |`,
  );
  return Promise.resolve(`${head}${rows.join("\n")}\n`);
}
