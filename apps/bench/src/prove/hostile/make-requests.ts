import { listProcedures } from "@llm-backend/testing";
import { callForJson } from "../stage/call.ts";
import { toJson, type JsonSchema } from "./from-schema.ts";
import type { HostileRequest } from "./hostile-request.ts";
import { noBodies, pick, toNoise, toWild } from "./wild-values.ts";

/** Whose requests they are, and what they are about. */
export type Attacker = {
  readonly url: string;
  readonly random: () => number;
  /** Tokens of sessions that are still needed. */
  readonly tokens: readonly string[];
  /** A token that may be ended. */
  readonly spareToken: string;
  /** Opens `/v1`. */
  readonly key: string;
  readonly known: Readonly<Record<string, readonly string[]>>;
};

/** Makes one request after the other. */
export type RequestMaker = () => HostileRequest;

/** What ends the session of its caller, and more. */
const endsSession = /logout|removeAll|deleteAccount|del-all|users\/delete/;

/** Makers of requests to every face that speaks HTTP. */
export async function createMakers(attacker: Attacker): Promise<readonly RequestMaker[]> {
  return [toTrpcMaker(attacker), await toApiMaker(attacker), toV1Maker(attacker), toAdminMaker(attacker)];
}

/** A token of somebody, of nobody, or none. */
function toToken({ random, tokens, spareToken, key }: Attacker, path: string): string | undefined {
  if (endsSession.test(path)) return spareToken;
  const token = pick(random, [...tokens, ...tokens, ...tokens, key]);
  if (random() < 0.85) return token;
  return pick(random, [undefined, "nonsense", `${token}x`, token.slice(0, -4), "sk-llmb-", "a.b.c"]);
}

/** Now and then a body that is no request, in the place of one that is like what is asked for. */
function toBody(random: () => number, make: () => string): string | Buffer {
  if (random() < 0.05) return pick(random, noBodies);
  const body = make();
  if (random() < 0.03) return body.slice(0, Math.floor(random() * body.length));
  if (random() < 0.03) return Buffer.from(`${body}\xFF`, "latin1");
  return body;
}

const wireTypes = [
  '["Date"]',
  '["bigint"]',
  '["undefined"]',
  '["regexp"]',
  '["set"]',
  '["map"]',
  '["symbol","x"]',
  "5",
];

function toTrpcMaker(attacker: Attacker): RequestMaker {
  const { random, known } = attacker;
  const procedures = listProcedures();
  return () => {
    const { path, type, input } = pick(random, procedures);
    const toInput = () => {
      if (input === undefined) return random() < 0.5 ? "" : `{"json":${toWild(random)}}`;
      const json = toJson(input, { random, root: input, known });
      const field = Object.keys(input["properties"] ?? { x: 0 })[0] ?? "x";
      const meta = random() < 0.1 ? `,"meta":{"values":{"${field}":[${pick(random, wireTypes)}]}}` : "";
      return `{"json":${json}${meta}}`;
    };
    const token = toToken(attacker, path);
    const place = { face: "tRPC", token, path: `/trpc/${path}` } as const;
    if (type === "query" && random() < 0.3) {
      const query = `?input=${encodeURIComponent(toInput().toWellFormed())}`;
      return { ...place, method: "GET", path: `${place.path}${query.slice(0, 9000)}`, body: undefined };
    }
    return { ...place, method: "POST", body: toBody(random, toInput) };
  };
}

type OpenApi = {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly requestBody?: { readonly content?: JsonSchema } }>>>
  >;
};

async function toApiMaker(attacker: Attacker): Promise<RequestMaker> {
  const { url, random, known } = attacker;
  const document = await callForJson<OpenApi>("GET", `${url}/api/openapi.json`);
  const rows = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => ({
      path,
      method: method.toUpperCase(),
      requestBody,
    })),
  );
  return () => {
    const { path, method, requestBody } = pick(random, rows);
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => toPathPart(name, { random, known }));
    const content = requestBody?.content?.["application/json"] as
      | { readonly schema?: JsonSchema }
      | undefined;
    const make = () => toJson(content?.schema ?? {}, { random, root: document, known });
    const isBare = method === "GET" || (content === undefined && random() < 0.7);
    const body = isBare ? undefined : toBody(random, make);
    return { face: "/api", method, path: filled, token: toToken(attacker, path), body };
  };
}

const pathParts = [
  "0",
  "-1",
  "01",
  "1e9",
  "%00",
  "..%2f..%2fetc%2fpasswd",
  "%e0%80%80",
  "'",
  "x".repeat(8000),
  "%F0%9F%98%80",
];

function toPathPart(name: string, { random, known }: Pick<Attacker, "random" | "known">): string {
  const ids = known[name];
  if (ids !== undefined && random() < 0.7) return String(JSON.parse(pick(random, ids)));
  return random() < 0.5 ? pick(random, pathParts) : encodeURIComponent(toNoise(random, 12).toWellFormed());
}

const text = { type: "string", maxLength: 200 };
const messages = {
  type: "array",
  items: {
    type: "object",
    properties: { role: { enum: ["user", "system", "assistant", "tool"] }, content: text },
    required: ["role", "content"],
  },
};

/** What /v1 knows of its calls; the rest of a body is the upstream's business. */
const v1Calls: readonly (readonly [path: string, schema: JsonSchema])[] = [
  [
    "/v1/chat/completions",
    {
      type: "object",
      properties: {
        model: { enum: ["m", "gpt-4o"] },
        messages,
        stream: { type: "boolean" },
        max_tokens: { type: "integer" },
        n: { type: "integer", minimum: 1, maximum: 4 },
        models: { type: "array", items: text },
        fallbacks: { type: "array", items: text },
        stream_options: { type: "object", properties: { include_usage: { type: "boolean" } } },
        tools: { type: "array", items: { type: "object" } },
      },
      required: ["model", "messages"],
    },
  ],
  [
    "/v1/completions",
    { type: "object", properties: { model: text, prompt: text }, required: ["model", "prompt"] },
  ],
  [
    "/v1/responses",
    { type: "object", properties: { model: text, input: text }, required: ["model", "input"] },
  ],
  [
    "/v1/embeddings",
    { type: "object", properties: { model: text, input: text }, required: ["model", "input"] },
  ],
  ["/v1/anything/else", { type: "object" }],
  ["/v1/models", {}],
  ["/v1/models/m", {}],
  ["/v1/%2e%2e/admin/upstreams", {}],
  ["/v1//chat/completions", {}],
];

function toV1Maker(attacker: Attacker): RequestMaker {
  const { random, key, known } = attacker;
  return () => {
    const [path, schema] = pick(random, v1Calls);
    const isGet = path.includes("models") || random() < 0.03;
    const method = isGet ? "GET" : pick(random, ["POST", "POST", "POST", "POST", "PUT", "DELETE"]);
    const token = random() < 0.9 ? key : toToken(attacker, path);
    const make = () => toJson(schema, { random, root: schema, known });
    return { face: "/v1", method, path, token, body: isGet ? undefined : toBody(random, make) };
  };
}

const upstream = {
  type: "object",
  properties: { SK: text, Endpoint: { enum: ["ftp://x", "https://", "http://127.0.0.1:0/v1", "x", ""] } },
};
const adminCalls: readonly (readonly [method: string, path: string])[] = [
  ["POST", "/admin/login"],
  ["GET", "/admin/upstreams"],
  ["POST", "/admin/upstreams"],
  ["PUT", "/admin/upstreams/:id"],
  ["DELETE", "/admin/upstreams/:id"],
  ["GET", "/admin/request_records"],
];

function toAdminMaker(attacker: Attacker): RequestMaker {
  const { random, known } = attacker;
  return () => {
    const [method, path] = pick(random, adminCalls);
    const body =
      method === "GET"
        ? undefined
        : toBody(random, () => toJson(upstream, { random, root: upstream, known }));
    const filled = path.replace(":id", () => toPathPart("id", attacker));
    return { face: "/admin", method, path: filled, token: toToken(attacker, path), body };
  };
}
