import {
  DomainError,
  listRecordsInput,
  recordDetailSchema,
  recordPageSchema,
  recordRefInput,
  tailRecordsInput,
  type RecordView,
  type TailRecordsInput,
} from "@llm-backend/contract";
import { tracked, type TrackedEnvelope } from "@trpc/server";
import type { Viewer } from "../auth/viewer.ts";
import type { Context } from "../trpc/context.ts";
import { adminProcedure, router } from "../trpc/trpc.ts";

/** The records of requests. */
export const recordRouter = router({
  list: adminProcedure
    .input(listRecordsInput)
    .output(recordPageSchema)
    .query(({ ctx, input }) => ctx.services.records.list(input)),

  get: adminProcedure
    .input(recordRefInput)
    .output(recordDetailSchema)
    .query(({ ctx, input }) => ctx.services.records.get(input.recordId)),

  /** Records as they are written. A client that lost its connection continues behind the last one that it saw. */
  tail: adminProcedure
    .input(tailRecordsInput)
    .subscription(({ ctx, input, signal }) => follow(ctx, input, signal)),
});

/** Follows the records for as long as the session lives that asked for them. */
async function* follow(
  ctx: Pick<Context, "services" | "writable"> & { viewer: Viewer },
  input: TailRecordsInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrackedEnvelope<RecordView>, void> {
  const after = readPlace(input.lastEventId);
  using session = ctx.services.sessions.watch(ctx.viewer);
  const ended = signal === undefined ? session.signal : AbortSignal.any([signal, session.signal]);
  for await (const { seq, record } of ctx.services.records.follow({
    after,
    last: input.last,
    signal: ended,
  })) {
    yield tracked(String(seq), record);
    await ctx.writable?.();
  }
  if (session.signal.aborted)
    throw new DomainError("unauthenticated", "The session has ended; log in again.");
}

/** @throws DomainError `invalid_input` */
function readPlace(lastEventId: string | null | undefined): number | undefined {
  if (lastEventId === undefined || lastEventId === null || lastEventId === "") return undefined;
  if (/^(0|[1-9]\d{0,14})$/.test(lastEventId)) return Number(lastEventId);
  throw new DomainError("invalid_input", "lastEventId: is not the id of a record's event.");
}
