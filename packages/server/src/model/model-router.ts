import { modelViewSchema } from "@llm-backend/contract";
import { z } from "zod";
import { router, userProcedure } from "../trpc/trpc.ts";

/** The models that can be asked. */
export const modelRouter = router({
  list: userProcedure.output(z.array(modelViewSchema)).query(({ ctx }) => ctx.services.models.list()),
});
