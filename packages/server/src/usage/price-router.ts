import { priceRefInput, priceSchema, priceViewSchema } from "@llm-backend/contract";
import { z } from "zod";
import { adminProcedure, router } from "../trpc/trpc.ts";

/** What models cost. */
export const priceRouter = router({
  list: adminProcedure.output(z.array(priceViewSchema)).query(({ ctx }) => ctx.services.prices.list()),

  set: adminProcedure.input(priceSchema).mutation(({ ctx, input }) => ctx.services.prices.set(input)),

  remove: adminProcedure.input(priceRefInput).mutation(({ ctx, input }) => ctx.services.prices.remove(input)),
});
