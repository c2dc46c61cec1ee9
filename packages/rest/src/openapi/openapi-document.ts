import { mediaTypeSchema } from "@llm-backend/contract";
import { z } from "zod";
import type { Route } from "../api/route.ts";

/** An OpenAPI document, as plain data. */
export type OpenApiDocument = {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, unknown>>;
};

/** One call in the document. */
export type Operation = {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
};

/** A parameter of a call. */
export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
};

/** A JSON schema, as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

const description =
  "Users, conversations and streamed chat. Every call but register and login needs " +
  '`Authorization: Bearer <token>`. Errors are `{"error": "<sentence>"}`.';

/**
 * Writes the rows of the table as an OpenAPI document.
 *
 * @source https://spec.openapis.org/oas/v3.1.0
 */
export function toOpenApiDocument(routes: readonly Route[], options: { version: string }): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: toOperation(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "llm-backend", version: options.version, description },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: { Error: toSchema(z.object({ error: z.string() })), Frame: frameSchema },
    },
  };
}

function toOperation(route: Route): Operation {
  const words = route.path
    .split("/")
    .filter((part) => part !== "" && part !== "api" && !part.startsWith(":"));
  return {
    operationId: [route.method.toLowerCase(), ...words].join("_"),
    tags: [route.group],
    summary: route.summary,
    security: route.access === "public" ? [] : [{ token: [] }],
    parameters: toParameters(route),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true as const,
            content: { "application/json": { schema: toSchema(route.body) } },
          },
        }),
    ...(route.kind === "upload" && {
      requestBody: {
        required: true as const,
        content: toUploadContent(route.form),
      },
    }),
    responses: { ...toSuccess(route), ...toErrors(route) },
  };
}

function toUploadContent(form: z.ZodType | undefined): Content {
  return form === undefined
    ? { "application/octet-stream": { schema: { type: "string", format: "binary" } } }
    : { "multipart/form-data": { schema: toSchema(form) } };
}

function toParameters(route: Route): Parameter[] {
  const inPath = toNamed("path", route.params);
  const inQuery = toNamed("query", route.query);
  const inHeader = Object.entries(route.headers ?? {}).map(([name, text]) => ({
    name,
    in: "header" as const,
    required: false,
    description: text,
    schema: { type: "string" },
  }));
  return [...inPath, ...inQuery, ...inHeader];
}

function toNamed(place: "path" | "query", params: Route["params"] = {}): Parameter[] {
  return Object.entries(params).map(([name, param]) => ({
    name,
    in: place,
    required: true,
    description: param.description,
    schema: toSchema(param.schema),
  }));
}

const frameRef = { schema: { $ref: "#/components/schemas/Frame" } };
const errorRef = { schema: { $ref: "#/components/schemas/Error" } };

const frameSchema: JsonSchema = {
  type: "object",
  description:
    "One frame of the chat stream: `message` for each piece, then one `done`, then one `full_response` whose `data` " +
    "equals the pieces joined; or one `error` in place of both.",
  properties: {
    event: { type: "string", enum: ["message", "done", "full_response", "error"] },
    data: { type: "string" },
  },
  required: ["event", "data"],
};

function toSuccess(route: Route): Operation["responses"] {
  if (route.kind === "json" || route.kind === "upload") {
    return {
      [route.status]: {
        description: "Done",
        content: { "application/json": { schema: toSchema(route.answer) } },
      },
    };
  }
  if (route.kind === "file") {
    const bytes = { schema: { type: "string", format: "binary" } };
    const types = mediaTypeSchema.options;
    return {
      200: { description: "The bytes", content: Object.fromEntries(types.map((type) => [type, bytes])) },
      304: { description: "The caller has this file: its `If-None-Match` names it" },
    };
  }
  if (route.kind === "lines") {
    return {
      200: {
        description: "One value a line; a list that breaks off is not ended as HTTP ends a body",
        content: { "application/x-ndjson": { schema: toSchema(route.line) } },
      },
    };
  }
  return {
    200: {
      description:
        "The answer, streamed. `Accept: text/event-stream` alone gets server-sent events that can be resumed, " +
        "`application/x-ndjson` one object a line, everything else bare objects with a blank line between them.",
      content: { "text/event-stream": frameRef, "application/x-ndjson": frameRef },
    },
    204: { description: "The frame named by Last-Event-ID was the last one" },
  };
}

function toErrors(route: Route): Operation["responses"] {
  const errors = { ...route.errors, ...(route.body === undefined ? {} : { 413: "The body is too large" }) };
  return Object.fromEntries(
    Object.entries(errors).map(([status, text]) => [
      status,
      { description: text, content: { "application/json": errorRef } },
    ]),
  );
}

function toSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
