import {
  addUpstreamInput,
  DomainError,
  probeReportSchema,
  testUpstreamInput,
  updateUpstreamInput,
  upstreamRefInput,
  upstreamViewSchema,
  type HealthEvent,
} from "@llm-backend/contract";
import { z } from "zod";
import { adminProcedure, router } from "../trpc/trpc.ts";

/** The pool of upstreams. */
export const upstreamRouter = router({
  list: adminProcedure.output(z.array(upstreamViewSchema)).query(({ ctx }) => ctx.services.upstreams.list()),

  add: adminProcedure
    .input(addUpstreamInput)
    .output(upstreamViewSchema)
    .mutation(({ ctx, input }) => ctx.services.upstreams.add(input)),

  update: adminProcedure
    .input(updateUpstreamInput)
    .output(upstreamViewSchema)
    .mutation(({ ctx, input }) => ctx.services.upstreams.update(input)),

  remove: adminProcedure
    .input(upstreamRefInput)
    .mutation(({ ctx, input }) => ctx.services.upstreams.remove(input)),

  /** Asks an upstream for its models, and one of them for a few words: this costs what such a call costs. */
  test: adminProcedure
    .input(testUpstreamInput)
    .output(probeReportSchema)
    .mutation(({ ctx, input, signal }) =>
      ctx.services.upstreams.test(input, signal === undefined ? {} : { signal }),
    ),

  /** How every upstream is, at once and every two seconds; in between, who leaves and who comes back. */
  health: adminProcedure.subscription(async function* ({ ctx, signal }): AsyncGenerator<HealthEvent, void> {
    using session = ctx.services.sessions.watch(ctx.viewer);
    const ended = signal === undefined ? session.signal : AbortSignal.any([signal, session.signal]);
    for await (const event of ctx.services.upstreams.followHealth(ended)) {
      yield event;
      await ctx.writable?.();
    }
    if (session.signal.aborted)
      throw new DomainError("unauthenticated", "The session has ended; log in again.");
  }),
});
