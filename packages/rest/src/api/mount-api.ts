import { errorCodes } from "@llm-backend/contract";
import { createCaller, mapError, type Caller, type Context, type Viewer } from "@llm-backend/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { renderDocsPage } from "../openapi/docs-page.ts";
import { toOpenApiDocument } from "../openapi/openapi-document.ts";
import { apiRoutes } from "./api-routes.ts";
import { chooseForm, type Frame, type FrameForm } from "./frame-form.ts";
import { readHostError } from "./host-error.ts";
import { toRouteRequest } from "./route-request.ts";
import type {
  FileRoute,
  JsonRoute,
  LinesRoute,
  Route,
  RouteRequest,
  StreamRoute,
  UploadRoute,
} from "./route.ts";
import { toFrames } from "./run-frames.ts";
import { sendFile } from "./send-file.ts";
import { sendStream } from "./send-stream.ts";

/** What the face needs of its host. */
export type ApiOptions = {
  /** What is known of a request. */
  readonly createContext: (request: FastifyRequest) => Context;
  /** Learns of failures that the caller is not told the reason of. */
  readonly onInternalError: (error: unknown, request: FastifyRequest) => void;
  readonly version: string;
  /** How often a silent stream is kept open. */
  readonly pingMs: number;
};

/** Mounts every row of the table under `/api`, with its documentation. */
export function mountApi(app: FastifyInstance, options: ApiOptions): void {
  void app.register(
    (scope, _options, done) => {
      // The earlier system did not look at it: neither at its value, nor at whether it is one at all.
      scope.addHook("onRequest", (request, _reply, next) => {
        delete request.headers["content-type"];
        next();
      });
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
      scope.setErrorHandler((error, request, reply) => {
        const route = apiRoutes.find((row) => row.path === request.routeOptions.url);
        const { status, reason, message, retryAfterMs, isInternal } = toFailure(error, route);
        if (isInternal) options.onInternalError(error, request);
        if (retryAfterMs !== undefined) reply.header("retry-after", Math.ceil(retryAfterMs / 1000));
        // For programs: several codes share a status.
        const envelope = route?.hasEnvelope === true ? { success: false, message } : {};
        return reply
          .code(status)
          .header("x-error-code", reason)
          .send({ ...envelope, error: message });
      });
      scope.setNotFoundHandler((_request, reply) =>
        reply.code(404).send({ error: "There is no such path." }),
      );
      scope.register((uploads, _uploadOptions, ready) => {
        // Passed on as it comes.
        uploads.removeAllContentTypeParsers();
        uploads.addContentTypeParser("*", (_request, body, parsed) => parsed(null, body));
        mountRoutes(uploads, { routes: apiRoutes.filter(isUpload), options });
        ready();
      });
      mountRoutes(scope, { routes: apiRoutes.filter((route) => !isUpload(route)), options });
      mountDocs(scope, options);
      done();
    },
    { prefix: "/api" },
  );
}

const isUpload = (route: Route): boolean => route.kind === "upload";

function mountRoutes(
  scope: FastifyInstance,
  { routes, options }: { routes: readonly Route[]; options: ApiOptions },
): void {
  for (const route of routes) {
    scope.route({
      method: route.method,
      url: route.path.slice("/api".length),
      // The head of a stream is worth nothing without the stream, and would be held open for it.
      exposeHeadRoute: route.kind === "json" || route.kind === "file",
      handler: (request, reply) => handle(route, { request, reply, options }),
    });
  }
}

/** One request on its way through the face. */
type Exchange = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly options: ApiOptions;
};

async function handle(route: Route, exchange: Exchange): Promise<unknown> {
  const { request, reply, options } = exchange;
  const left = new AbortController();
  // Nobody is left to be told of an answer that is out, and an abort costs as much as a statement.
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) left.abort();
  });
  const context = options.createContext(request);
  // Who asks comes before what is asked: a stranger learns nothing about bodies and ids.
  const viewer =
    route.access === "user" ? await context.services.sessions.authenticate(context.credential) : undefined;
  if (route.kind === "upload" || route.kind === "file") {
    return handleFile(route, { services: context.services, viewer: viewer as Viewer, exchange });
  }
  const caller = createCaller(viewer === undefined ? context : { ...context, viewer }, {
    signal: left.signal,
  });
  const input = toRouteRequest(route, request);
  if (route.kind === "json") return answer(route, { caller, input, reply });
  if (route.kind === "lines") return sendLines(route, { caller, input, exchange });
  return stream(route, { caller, input, exchange });
}

/** Files are too large to go through a procedure. */
async function handleFile(
  route: FileRoute | UploadRoute,
  given: { services: Context["services"]; viewer: Viewer; exchange: Exchange },
): Promise<unknown> {
  const { services, viewer, exchange } = given;
  const { request, reply } = exchange;
  const asked = { services, viewer, request: toRouteRequest(route, request) };
  if (route.kind === "file") return sendFile(await route.open(asked), exchange);
  const body = request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  const result = await route.receive(asked, body);
  return reply.code(route.status).header("cache-control", "no-store").send(result);
}

/** A list that breaks off ends without its end, so that nobody takes it for a whole one. */
async function sendLines(
  route: LinesRoute,
  given: { caller: Caller; input: RouteRequest; exchange: Exchange },
): Promise<unknown> {
  const { caller, input, exchange } = given;
  const { request, reply, options } = exchange;
  async function* encode(): AsyncGenerator<string, void> {
    try {
      for await (const line of route.open(caller, input)) yield `${JSON.stringify(line)}\n`;
    } catch (error) {
      if (toFailure(error, undefined).isInternal) options.onInternalError(error, request);
      reply.raw.destroy();
    }
  }
  await sendStream(reply, { contentType: "application/x-ndjson", chunks: encode(), ping: undefined });
  return reply;
}

async function answer(
  route: JsonRoute,
  given: { caller: Caller; input: RouteRequest; reply: FastifyReply },
): Promise<unknown> {
  const result = await route.call(given.caller, given.input);
  return given.reply.code(route.status).header("cache-control", "no-store").send(result);
}

async function stream(
  route: StreamRoute,
  given: { caller: Caller; input: RouteRequest; exchange: Exchange },
): Promise<unknown> {
  const { caller, input, exchange } = given;
  const { request, reply, options } = exchange;
  const form = chooseForm(request.headers.accept);
  const opened = await route.open(caller, input);
  // Tells an `EventSource`, which always comes back, that there is nothing more to come back for.
  if (opened === undefined) return reply.code(204).send();
  const frames = toFrames(caller, opened);
  // The first item says that the answer has begun: up to here it can still have a status of its own.
  await frames.next();
  await sendStream(reply, {
    contentType: form.contentType,
    chunks: encodeFrames(frames as AsyncIterable<Frame>, { form, exchange }),
    ping: form.ping === undefined ? undefined : { text: form.ping, intervalMs: options.pingMs },
  });
  return reply;
}

async function* encodeFrames(
  frames: AsyncIterable<Frame>,
  given: { form: FrameForm; exchange: Exchange },
): AsyncGenerator<string, void> {
  const { form } = given;
  let head = form.begin();
  const encode = (frame: Frame): string => {
    const text = head + form.encode(frame);
    head = "";
    return text;
  };
  try {
    for await (const frame of frames) yield encode(frame);
  } catch (error) {
    const { message, isInternal } = toFailure(error, undefined);
    if (isInternal) given.exchange.options.onInternalError(error, given.exchange.request);
    yield encode({ event: "error", data: message });
  }
}

function mountDocs(scope: FastifyInstance, options: ApiOptions): void {
  const document = toOpenApiDocument(apiRoutes, { version: options.version });
  const page = renderDocsPage(document);
  scope.get("/openapi.json", (_request, reply) => reply.send(document));
  scope.get("/docs", (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
      .send(page),
  );
}

/** Everything that can fail, in the words of this face. */
function toFailure(error: unknown, route: Route | undefined) {
  const { reason, message, details } = mapError(readHostError(error));
  const status = route?.statuses?.[reason] ?? errorCodes[reason].status;
  return { status, reason, message, retryAfterMs: details.retryAfterMs, isInternal: reason === "internal" };
}
