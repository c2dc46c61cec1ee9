import { DomainError, errorCodes, toOpenAiError } from "@llm-backend/contract";
import { readHostError } from "@llm-backend/rest";
import { mapError, toErrorBody } from "@llm-backend/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { trpcPath } from "./mount-trpc.ts";
import type { Refusal } from "./refusal.ts";

/** Answers a request that no face gets to see, in the words of the face that it is for. */
export function refuse(reply: FastifyReply, refusal: Refusal): void {
  const { status, code, message, retryAfterSeconds } = refusal;
  if (retryAfterSeconds !== undefined) void reply.header("retry-after", String(retryAfterSeconds));
  void reply
    .code(status)
    .type("application/json; charset=utf-8")
    .send(
      JSON.stringify(
        isTrpc(reply.request) ? toErrorBody(new DomainError(code, message), status) : { error: message },
      ),
    );
}

/** Answers everything that goes wrong outside of a face that answers for itself. */
export function answerErrors(
  app: FastifyInstance,
  options: { onInternalError: (error: unknown, request: FastifyRequest) => void },
): void {
  app.setErrorHandler((error, request, reply) => {
    const { reason, message } = mapError(readHostError(error));
    if (reason === "internal") options.onInternalError(error, request);
    refuse(reply, { status: errorCodes[reason].status, code: reason, message });
  });
  app.setNotFoundHandler((request, reply) => {
    const message = "There is no such path.";
    if (isTrpc(request)) return refuse(reply, { status: 404, code: "not_found", message });
    // A path of no face at all is meant as one of OpenAI's: programs that call the others know their paths.
    void reply
      .code(404)
      .type("application/json; charset=utf-8")
      .send(JSON.stringify({ error: toOpenAiError("not_found", message) }));
  });
}

function isTrpc({ url }: Pick<FastifyRequest, "url">): boolean {
  return url === trpcPath || url.startsWith(`${trpcPath}/`) || url.startsWith(`${trpcPath}?`);
}
