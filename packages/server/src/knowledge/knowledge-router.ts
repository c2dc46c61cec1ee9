import {
  baseRefInput,
  createBaseInput,
  documentPageSchema,
  documentRefInput,
  documentSchema,
  DomainError,
  followJobsInput,
  knowledgeBasePageSchema,
  knowledgeBaseSchema,
  knowledgeHitsSchema,
  knowledgeModelSchema,
  listBasesInput,
  listDocumentsInput,
  listPassagesInput,
  passagePageSchema,
  readerInput,
  readersSchema,
  searchKnowledgeInput,
  updateBaseInput,
  type JobEvent,
} from "@llm-backend/contract";
import { tracked, type TrackedEnvelope } from "@trpc/server";
import { z } from "zod";
import type { Viewer } from "../auth/viewer.ts";
import type { Context } from "../trpc/context.ts";
import { router, userProcedure } from "../trpc/trpc.ts";
import type { JobsFollowed } from "./job-feed.ts";

const never = new AbortController().signal;

/** Documents of knowledge bases. Their bytes come over HTTP, at `/api/rag/doc/upload`. */
const documentsRouter = router({
  list: userProcedure
    .input(listDocumentsInput)
    .output(documentPageSchema)
    .query(({ ctx, input }) => ctx.services.knowledge.documents.list(ctx.viewer, input)),

  get: userProcedure
    .input(documentRefInput)
    .output(documentSchema)
    .query(({ ctx, input }) => ctx.services.knowledge.documents.get(ctx.viewer, input)),

  passages: userProcedure
    .input(listPassagesInput)
    .output(passagePageSchema)
    .query(({ ctx, input }) => ctx.services.knowledge.documents.passages(ctx.viewer, input)),

  remove: userProcedure
    .input(documentRefInput)
    .mutation(({ ctx, input }) => ctx.services.knowledge.documents.remove(ctx.viewer, input)),

  retry: userProcedure
    .input(documentRefInput)
    .output(documentSchema)
    .mutation(({ ctx, input }) => ctx.services.knowledge.documents.retry(ctx.viewer, input)),

  cancel: userProcedure
    .input(documentRefInput)
    .output(documentSchema)
    .mutation(({ ctx, input }) => ctx.services.knowledge.documents.cancel(ctx.viewer, input)),
});

/** Knowledge bases that the viewer owns or reads. */
export const knowledgeRouter = router({
  createBase: userProcedure
    .input(createBaseInput)
    .output(knowledgeBaseSchema)
    .mutation(({ ctx, input }) => ctx.services.knowledge.bases.create(ctx.viewer, input)),

  listBases: userProcedure
    .input(listBasesInput)
    .output(knowledgeBasePageSchema)
    .query(({ ctx, input }) => ctx.services.knowledge.bases.list(ctx.viewer, input)),

  getBase: userProcedure
    .input(baseRefInput)
    .output(knowledgeBaseSchema)
    .query(({ ctx, input }) => ctx.services.knowledge.bases.get(ctx.viewer, input.baseId)),

  updateBase: userProcedure
    .input(updateBaseInput)
    .output(knowledgeBaseSchema)
    .mutation(({ ctx, input }) => ctx.services.knowledge.bases.update(ctx.viewer, input)),

  removeBase: userProcedure
    .input(baseRefInput)
    .mutation(({ ctx, input }) => ctx.services.knowledge.bases.remove(ctx.viewer, input.baseId)),

  addReader: userProcedure
    .input(readerInput)
    .output(readersSchema)
    .mutation(({ ctx, input }) => ctx.services.knowledge.bases.addReader(ctx.viewer, input)),

  removeReader: userProcedure
    .input(readerInput)
    .output(readersSchema)
    .mutation(({ ctx, input }) => ctx.services.knowledge.bases.removeReader(ctx.viewer, input)),

  listReaders: userProcedure
    .input(baseRefInput)
    .output(readersSchema)
    .query(({ ctx, input }) => ctx.services.knowledge.bases.listReaders(ctx.viewer, input.baseId)),

  documents: documentsRouter,

  search: userProcedure
    .input(searchKnowledgeInput)
    .output(knowledgeHitsSchema)
    .query(({ ctx, input, signal = never }) => ctx.services.knowledge.search(ctx.viewer, input, { signal })),

  /** What is done with a base in the background: all of it as it is now, then every change. */
  jobs: userProcedure
    .input(followJobsInput)
    .subscription(async ({ ctx, input, signal }) => followJobs(ctx, input, signal)),

  models: userProcedure
    .output(z.array(knowledgeModelSchema))
    .query(({ ctx }) => ctx.services.knowledge.listModels()),
});

/** Follows the jobs of a base for as long as the session lives that asked for it. */
async function* followJobs(
  ctx: Pick<Context, "services" | "writable"> & { viewer: Viewer },
  followed: JobsFollowed,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrackedEnvelope<JobEvent>, void> {
  using session = ctx.services.sessions.watch(ctx.viewer);
  const ended = signal === undefined ? session.signal : AbortSignal.any([signal, session.signal]);
  let count = 0;
  for await (const event of ctx.services.knowledge.followJobs(ctx.viewer, followed, ended)) {
    yield tracked(String(++count), event);
    await ctx.writable?.();
  }
  if (session.signal.aborted)
    throw new DomainError("unauthenticated", "The session has ended; log in again.");
}
