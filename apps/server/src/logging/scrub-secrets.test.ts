import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scrubJsonLine, scrubSecrets } from "./scrub-secrets.ts";

const secret = "Zk3v9QpL7xTt2WmR8sYb";

describe("a text", () => {
  it.each([
    `Incorrect API key provided: sk-${secret}.`,
    `Incorrect API key provided: sk-proj-${secret}-${secret}`,
    `key sk-ant-api03-${secret} is over quota`,
    `sk-or-v1-${secret}`,
    `gsk_${secret} xai-${secret} hf_${secret} r8_${secret} pplx-${secret}`,
    `AIzaSy${secret}${secret}`,
    `Authorization: Bearer ${secret}`,
    `authorization: bearer ${secret}`,
    `Basic ${Buffer.from(`user:${secret}`).toString("base64")}`,
    `token eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.${secret}`,
    `postgres://admin:${secret}@db.internal:5432/x`,
    `https://:${secret}@host/path`,
    `GET https://host/v1?api_key=${secret}&x=1`,
    `GET /v1/models?x=1&key=${secret}`,
    `host=db password=${secret} dbname=x`,
    `api_key: ${secret}`,
    `0123456789abcdef0123456789abcdef.${secret.slice(0, 16)}`,
  ])("loses its secret: %s", (text) => {
    const scrubbed = scrubSecrets(text);
    expect(scrubbed).not.toContain(secret.slice(0, 16));
    expect(scrubbed).not.toContain(Buffer.from(`user:${secret}`).toString("base64"));
    expect(scrubbed).toContain("[redacted]");
  });

  it.each([
    "The upstream answered 503 after 1200 ms",
    "run_01h9 asked gpt-4o-mini at https://api.openai.com/v1",
    "risk-averse task-runner disk-full",
    "A Bearer token is required",
    "http://127.0.0.1:8080/setup",
    "expected a key of visible ASCII characters",
    "日志里的普通文字 🎉",
  ])("keeps what is no secret: %s", (text) => {
    expect(scrubSecrets(text)).toBe(text);
  });
});

describe("a line of JSON", () => {
  it("loses fields named like secrets, and bodies quoted in messages", () => {
    const fields = {
      apiKey: secret,
      api_key: secret,
      "x-api-key": secret,
      sk: secret,
      key: secret,
      password: `quote " and \\ ${secret}`,
      deep: [{ deeper: { refreshToken: secret, jwt: { secret } } }],
      msg: `body was ${JSON.stringify({ username: "a", password: `with " and \\ in it: ${secret}` })}`,
      lines: `first\nBearer ${secret}\u001bsk-${secret}\teyJhbGciOiJIUzI1NiJ9.${secret}`,
    };
    const line = scrubJsonLine(JSON.stringify(fields));
    expect(line).not.toContain(secret);
    expect(JSON.parse(line)).toMatchObject({ apiKey: "[redacted]", password: "[redacted]" });
    expect(line).toContain(String.raw`\"username\":\"a\"`);
  });

  it("stays JSON, whatever it holds", () => {
    const part = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom(
        "Bearer ",
        "sk-",
        "://",
        "@",
        ":",
        '"password":"',
        '\\"key\\": \\"',
        "?key=",
        "eyJabcdefgh.",
        "\\",
        '"',
      ),
    );
    const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.dictionary(text, text), fc.array(text), (fields, list) => {
        const value = { fields, list, count: 5 };
        const scrubbed = JSON.parse(scrubJsonLine(JSON.stringify(value))) as typeof value;
        expect(scrubbed.count).toBe(5);
        expect(scrubbed.list).toHaveLength(list.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is scrubbed in linear time", () => {
    const starts = [
      '\\"a\\":\\"',
      '"a":"',
      "://a:",
      "Bearer ",
      "eyJ",
      "sk-",
      "?key=",
      "password=",
      ":",
      "a://",
    ];
    const started = performance.now();
    for (const start of starts) {
      scrubSecrets(start.repeat(20_000));
      scrubJsonLine(JSON.stringify({ msg: start.repeat(20_000) }));
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
