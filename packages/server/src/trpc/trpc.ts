import { DomainError } from "@llm-backend/contract";
import { initTRPC } from "@trpc/server";
import type { Context } from "./context.ts";
import { toErrorShape, type ErrorShape } from "./error-shape.ts";
import { wireTransformer } from "./wire-transformer.ts";

/** Who may call a procedure; every procedure says so. */
export type ProcedureMeta = { readonly access: "public" | "user" | "admin" };

/** How a silent subscription is kept open, and when a client takes its line for dead: three pings late. */
export const subscriptionTiming = { pingMs: 10_000, reconnectAfterInactivityMs: 30_000 } as const;

const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    transformer: wireTransformer,
    errorFormatter: ({ error, path }): ErrorShape => toErrorShape({ error, path }),
  });

/** Makes routers. */
export const { router } = t;

/** Makes callers: how other faces use the procedures inside the process. */
export const { createCallerFactory } = t;

/** A procedure for anyone. */
export const publicProcedure = t.procedure.meta({ access: "public" });

/** A procedure for whoever has a valid token; `ctx.viewer` is the owner of it. */
export const userProcedure = t.procedure.meta({ access: "user" }).use(async ({ ctx, next }) => {
  const viewer = ctx.viewer ?? (await ctx.services.sessions.authenticate(ctx.credential));
  return next({ ctx: { viewer } });
});

/** A procedure for administrators. */
export const adminProcedure = userProcedure.meta({ access: "admin" }).use(({ ctx, next }) => {
  if (ctx.viewer.role !== "admin") throw new DomainError("forbidden");
  return next();
});
