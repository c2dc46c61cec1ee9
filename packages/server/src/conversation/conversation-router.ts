import {
  conversationPageSchema,
  conversationRefInput,
  conversationSchema,
  createConversationInput,
  DomainError,
  exportAllInput,
  exportConversationInput,
  exportResultSchema,
  forkConversationInput,
  historyInput,
  historyPageSchema,
  importConversationInput,
  importResultSchema,
  listConversationsInput,
  removedConversationsSchema,
  renameConversationInput,
  searchConversationsInput,
  searchPageSchema,
  selectVersionInput,
  updateConversationInput,
} from "@llm-backend/contract";
import { tracked } from "@trpc/server";
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

  /** Removes all conversations, and leaves the account. */
  removeAll: userProcedure
    .output(removedConversationsSchema)
    .mutation(({ ctx }) => ctx.services.conversations.removeAll(ctx.viewer)),

  search: userProcedure
    .input(searchConversationsInput)
    .output(searchPageSchema)
    .query(({ ctx, input }) => ctx.services.search.find(ctx.viewer, input)),

  export: userProcedure
    .input(exportConversationInput)
    .output(exportResultSchema)
    .query(({ ctx, input }) => ctx.services.transfers.export(ctx.viewer, input)),

  /** All conversations, one document each; whoever was cut off continues behind the last one that arrived. */
  exportAll: userProcedure.input(exportAllInput).subscription(async function* ({ ctx, input }) {
    using session = ctx.services.sessions.watch(ctx.viewer);
    const from = { after: Number(input.lastEventId ?? 0) };
    for await (const { id, document } of ctx.services.transfers.exportAll(ctx.viewer, from)) {
      if (session.signal.aborted)
        throw new DomainError("unauthenticated", "The session has ended; log in again.");
      yield tracked(String(id), document);
      await ctx.writable?.();
    }
  }),

  import: userProcedure
    .input(importConversationInput)
    .output(importResultSchema)
    .mutation(({ ctx, input }) => ctx.services.transfers.import(ctx.viewer, input)),
});
