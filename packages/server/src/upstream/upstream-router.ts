import {
  addUpstreamInput,
  DomainError,
  followHealthInput,
  probeReportSchema,
  testUpstreamInput,
  updateUpstreamInput,
  upstreamRefInput,
  upstreamViewSchema,
  type HealthEvent,
} from "@llm-backend/contract";
import { tracked, type TrackedEnvelope } from "@trpc/server";
import { z } from "zod";
import type { Viewer } from "../auth/viewer.ts";
import type { Context } from "../trpc/context.ts";
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
  health: adminProcedure
    .input(followHealthInput)
    .subscription(({ ctx, signal }) => followHealth(ctx, signal)),
});

/** Follows the pool for as long as the session lives that asked for it. */
async function* followHealth(
  ctx: Pick<Context, "services" | "writable"> & { viewer: Viewer },
  signal: AbortSignal | undefined,
): AsyncGenerator<TrackedEnvelope<HealthEvent>, void> {
  using session = ctx.services.sessions.watch(ctx.viewer);
  const ended = signal === undefined ? session.signal : AbortSignal.any([signal, session.signal]);
  let count = 0;
  for await (const event of ctx.services.upstreams.followHealth(ended)) {
    yield tracked(String(++count), event);
    await ctx.writable?.();
  }
  if (session.signal.aborted)
    throw new DomainError("unauthenticated", "The session has ended; log in again.");
}
