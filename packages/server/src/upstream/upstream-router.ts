import { router } from "../trpc/trpc.ts";

/** The pool of upstreams. */
export const upstreamRouter = router({});
