import { rememberedToolSchema, setToolPermissionInput, toolViewSchema } from "@llm-backend/contract";
import { z } from "zod";
import { router, userProcedure } from "../trpc/trpc.ts";

/** The tools that conversations can use, and what their users allow. */
export const toolRouter = router({
  list: userProcedure.output(z.array(toolViewSchema)).query(({ ctx }) => ctx.services.tools.list(ctx.viewer)),

  /** What was decided once and for all. */
  listRemembered: userProcedure
    .output(z.array(rememberedToolSchema))
    .query(({ ctx }) => ctx.services.tools.listRemembered(ctx.viewer)),

  setPermission: userProcedure
    .input(setToolPermissionInput)
    .output(rememberedToolSchema)
    .mutation(({ ctx, input }) => ctx.services.tools.setPermission(ctx.viewer, input)),
});
