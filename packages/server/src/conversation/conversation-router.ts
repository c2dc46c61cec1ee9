import {
  conversationPageSchema,
  conversationRefInput,
  conversationSchema,
  createConversationInput,
  forkConversationInput,
  historyInput,
  historyPageSchema,
  listConversationsInput,
  renameConversationInput,
  selectVersionInput,
  updateConversationInput,
} from "@llm-backend/contract";
import { router, userProcedure } from "../trpc/trpc.ts";

/** The conversations of the viewer. */
export const conversationRouter = router({
  create: userProcedure
    .input(createConversationInput)
    .output(conversationSchema)
    .mutation(({ ctx, input }) => ctx.services.conversations.create(ctx.viewer, input)),

  list: userProcedure
    .input(listConversationsInput)
    .output(conversationPageSchema)
    .query(({ ctx, input }) => ctx.services.conversations.list(ctx.viewer, input)),

  get: userProcedure
    .input(conversationRefInput)
    .output(conversationSchema)
    .query(({ ctx, input }) => ctx.services.conversations.get(ctx.viewer, input.conversationId)),

  history: userProcedure
    .input(historyInput)
    .output(historyPageSchema)
    .query(({ ctx, input }) => ctx.services.history.read(ctx.viewer, input)),

  selectVersion: userProcedure
    .input(selectVersionInput)
    .output(conversationSchema)
    .mutation(({ ctx, input }) => ctx.services.branches.selectVersion(ctx.viewer, input)),

  fork: userProcedure
    .input(forkConversationInput)
    .output(conversationSchema)
    .mutation(({ ctx, input }) => ctx.services.branches.fork(ctx.viewer, input)),

  rename: userProcedure
    .input(renameConversationInput)
    .output(conversationSchema)
    .mutation(({ ctx, input }) => ctx.services.conversations.update(ctx.viewer, input)),

  update: userProcedure
    .input(updateConversationInput)
    .output(conversationSchema)
    .mutation(({ ctx, input }) => ctx.services.conversations.update(ctx.viewer, input)),

  remove: userProcedure
    .input(conversationRefInput)
    .mutation(({ ctx, input }) => ctx.services.conversations.remove(ctx.viewer, input.conversationId)),
});
