import { router } from "../trpc/trpc.ts";
import { upstreamRouter } from "../upstream/upstream-router.ts";

/** What administrators see and change; every procedure below it is an `adminProcedure`. */
export const adminRouter = router({
  upstream: upstreamRouter,
});
