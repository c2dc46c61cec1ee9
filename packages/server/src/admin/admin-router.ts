import { recordRouter } from "../record/record-router.ts";
import { router } from "../trpc/trpc.ts";
import { upstreamRouter } from "../upstream/upstream-router.ts";
import { priceRouter } from "../usage/price-router.ts";

/** What administrators see and change; every procedure below it is an `adminProcedure`. */
export const adminRouter = router({
  upstream: upstreamRouter,
  record: recordRouter,
  price: priceRouter,
});
