import type { ErrorCode, EventId } from "@llm-backend/contract";
import type { Caller, Context, Viewer } from "@llm-backend/server";
import type { z } from "zod";

/** What a request brings: the parts of its path, its body as JSON, its headers. */
export type RouteRequest = {
  readonly params: Readonly<Record<string, string>>;
  /** What stands behind the path; of what is there twice, the first. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The fields of the body; empty when it has none, or is no object. */
  readonly body: Readonly<Record<string, unknown>>;
  /** A header's value; undefined when it is absent. */
  header(name: string): string | undefined;
};

/** What all rows of the table say. */
type RouteBase = {
  readonly method: "GET" | "POST";
  /** With `:name` for each part that varies. */
  readonly path: string;
  readonly access: "public" | "user";
  readonly group: string;
  readonly summary: string;
  /** Documents the body; the procedure is what validates it. */
  readonly body?: z.ZodType;
  readonly params?: Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>;
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether its callers look for `success` and `message` in every answer, also in errors. @default false */
  readonly hasEnvelope?: true;
  /** The error statuses that callers of this route know, where they are not those of the error table. */
  readonly statuses?: Partial<Record<ErrorCode, number>>;
  /** Error statuses with what they mean here. */
  readonly errors: Readonly<Record<number, string>>;
};

/** A row that answers with one JSON value. */
export type JsonRoute = RouteBase & {
  readonly kind: "json";
  readonly status: 200 | 201;
  readonly answer: z.ZodType;
  /** Calls the procedure and writes its result in the words of this face. */
  call(caller: Caller, request: RouteRequest): Promise<unknown>;
};

/** A row that answers with the stream of a run. */
export type StreamRoute = RouteBase & {
  readonly kind: "stream";
  /** Starts, joins or finds a run; undefined when the caller has its last frame already. */
  open(caller: Caller, request: RouteRequest): Promise<OpenedRun | undefined>;
};

/** A row that answers with JSON values, one a line, as they are made. */
export type LinesRoute = RouteBase & {
  readonly kind: "lines";
  /** Documents one line. */
  readonly line: z.ZodType;
  open(caller: Caller, request: RouteRequest): AsyncIterable<unknown>;
};

/** A row that takes a file as it comes: its bytes are the body, or a part of a form. */
export type UploadRoute = RouteBase & {
  readonly kind: "upload";
  /** Documents the form; undefined: the bytes are the body. */
  readonly form?: z.ZodType;
  readonly status: 200 | 201;
  readonly answer: z.ZodType;
  receive(given: FileGiven, body: AsyncIterable<Uint8Array>): Promise<unknown>;
};

/** A row that answers with a file. */
export type FileRoute = RouteBase & {
  readonly kind: "file";
  open(given: FileGiven): Promise<OpenedFile>;
};

/** Who sends or reads a file, and what the request says. */
export type FileGiven = {
  readonly services: Context["services"];
  readonly viewer: Viewer;
  readonly request: RouteRequest;
};

/** A file that is about to be sent. */
export type OpenedFile = Awaited<ReturnType<Context["services"]["attachments"]["open"]>>;

/** A run to stream, and where the caller continues. */
export type OpenedRun = {
  /** The run's events, each in the envelope that its procedure yielded. */
  readonly events: AsyncIterable<unknown>;
  /** The last event that the caller has; undefined: none. */
  readonly lastEventId: EventId | undefined;
  /** Whether it had ended before it was asked for: what it says now, it says for ever. @default false */
  readonly isOver?: boolean;
};

/** One call of the REST face. */
export type Route = FileRoute | JsonRoute | LinesRoute | StreamRoute | UploadRoute;
