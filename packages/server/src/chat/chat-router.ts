import {
  allowToolInput,
  continueInput,
  editInput,
  followInput,
  regenerateInput,
  runRefInput,
  sendInput,
  startedRunSchema,
  stoppedRunSchema,
  streamInput,
  temporaryInput,
  DomainError,
  type RunEvent,
} from "@llm-backend/contract";
import { tracked, type TrackedEnvelope } from "@trpc/server";
import type { Viewer } from "../auth/viewer.ts";
import type { Context } from "../trpc/context.ts";
import { router, userProcedure } from "../trpc/trpc.ts";
import type { OpenedAnswer } from "./run-service.ts";

/** Answers: starting, following, stopping them. */
export const chatRouter = router({
  /**
   * Starts the run named by `requestId`, or joins it, and follows it to its end. A client that lost its connection
   * calls again with the id of the last event it saw: nothing is sent twice, and nothing is asked twice.
   */
  stream: userProcedure.input(streamInput).subscription(async ({ ctx, input, signal }) => {
    const { lastEventId, ...send } = input;
    ctx.services.runs.requireFreeStream(ctx.viewer);
    const { runId } = await ctx.services.chat.send(ctx.viewer, send);
    return follow(ctx, await ctx.services.runs.open(ctx.viewer, { runId, lastEventId }), signal);
  }),

  /**
   * Asks without storing anything, and follows the answer: the client keeps the chat, and sends all of it. The answer
   * can be followed and stopped by its id like any other, until a minute after its end.
   */
  temporary: userProcedure.input(temporaryInput).subscription(async ({ ctx, input, signal }) => {
    ctx.services.runs.requireFreeStream(ctx.viewer);
    const { runId } = await ctx.services.temporary.start(ctx.viewer, input);
    const { lastEventId } = input;
    return follow(ctx, await ctx.services.runs.open(ctx.viewer, { runId, lastEventId }), signal);
  }),

  /** Follows a run that was started elsewhere: by `send`, in another tab, before a reload. */
  follow: userProcedure
    .input(followInput)
    .subscription(async ({ ctx, input, signal }) =>
      follow(ctx, await ctx.services.runs.open(ctx.viewer, input), signal),
    ),

  send: userProcedure
    .input(sendInput)
    .output(startedRunSchema)
    .mutation(({ ctx, input }) => ctx.services.chat.send(ctx.viewer, input)),

  regenerate: userProcedure
    .input(regenerateInput)
    .output(startedRunSchema)
    .mutation(({ ctx, input }) => ctx.services.chat.regenerate(ctx.viewer, input)),

  edit: userProcedure
    .input(editInput)
    .output(startedRunSchema)
    .mutation(({ ctx, input }) => ctx.services.chat.edit(ctx.viewer, input)),

  continue: userProcedure
    .input(continueInput)
    .output(startedRunSchema)
    .mutation(({ ctx, input }) => ctx.services.chat.continue(ctx.viewer, input)),

  /** Says to a tool's call that waits in a run whether it may be made. */
  allowTool: userProcedure
    .input(allowToolInput)
    .output(startedRunSchema)
    .mutation(({ ctx, input }) => ctx.services.tools.allow(ctx.viewer, input)),

  /** What a run belongs to, and whether it has ended. */
  get: userProcedure
    .input(runRefInput)
    .output(startedRunSchema)
    .query(({ ctx, input }) => ctx.services.runs.get(ctx.viewer, input.runId)),

  stop: userProcedure
    .input(runRefInput)
    .output(stoppedRunSchema)
    .mutation(({ ctx, input }) => ctx.services.runs.stop(ctx.viewer, input.runId)),
});

/** Follows an answer for as long as the session lives that asked for it. */
async function* follow(
  ctx: Pick<Context, "services" | "writable"> & { viewer: Viewer },
  answer: OpenedAnswer,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrackedEnvelope<RunEvent>, void> {
  using session = ctx.services.sessions.watch(ctx.viewer);
  const ended = signal === undefined ? session.signal : AbortSignal.any([signal, session.signal]);
  for await (const { id, event } of answer.follow({ signal: ended })) {
    yield tracked(id, event);
    await ctx.writable?.();
  }
  if (session.signal.aborted)
    throw new DomainError("unauthenticated", "The session has ended; log in again.");
}
