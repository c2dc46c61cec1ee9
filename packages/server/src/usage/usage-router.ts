import {
  listUsageInput,
  toolUsageInput,
  toolUsageSchema,
  usagePageSchema,
  usageSummaryInput,
  usageSumsSchema,
} from "@llm-backend/contract";
import { z } from "zod";
import { router, userProcedure } from "../trpc/trpc.ts";

/** What was used, and what it cost: of the viewer, and for administrators of everybody. */
export const usageRouter = router({
  summary: userProcedure
    .input(usageSummaryInput)
    .output(usageSumsSchema)
    .query(({ ctx, input }) => ctx.services.usage.summarize(ctx.viewer, input)),

  /** Sums by day, model, key, user or upstream. */
  list: userProcedure
    .input(listUsageInput)
    .output(usagePageSchema)
    .query(({ ctx, input }) => ctx.services.usage.list(ctx.viewer, input)),

  /** The tools that were called, by their names. */
  listTools: userProcedure
    .input(toolUsageInput)
    .output(z.array(toolUsageSchema))
    .query(({ ctx, input }) => ctx.services.usage.listTools(ctx.viewer, input)),
});
