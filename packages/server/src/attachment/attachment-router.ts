import {
  attachmentDetailSchema,
  attachmentPageSchema,
  attachmentRefInput,
  listAttachmentsInput,
} from "@llm-backend/contract";
import { router, userProcedure } from "../trpc/trpc.ts";

/** The files of the viewer. Their bytes come and go over HTTP, at `/api/attachments`. */
export const attachmentRouter = router({
  get: userProcedure
    .input(attachmentRefInput)
    .output(attachmentDetailSchema)
    .query(({ ctx, input }) => ctx.services.attachments.get(ctx.viewer, input.attachmentId)),

  list: userProcedure
    .input(listAttachmentsInput)
    .output(attachmentPageSchema)
    .query(({ ctx, input }) => ctx.services.attachments.list(ctx.viewer, input)),

  remove: userProcedure
    .input(attachmentRefInput)
    .mutation(({ ctx, input }) => ctx.services.attachments.remove(ctx.viewer, input.attachmentId)),
});
