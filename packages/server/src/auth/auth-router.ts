import {
  accountSchema,
  changePasswordInput,
  createFirstAdminInput,
  deleteAccountInput,
  loginInput,
  refreshInput,
  registerInput,
  tokenPairSchema,
} from "@llm-backend/contract";
import { z } from "zod";
import { publicProcedure, router, userProcedure } from "../trpc/trpc.ts";

/** Accounts and sessions. */
export const authRouter = router({
  register: publicProcedure
    .input(registerInput)
    .output(accountSchema)
    .mutation(({ ctx, input }) => ctx.services.auth.register(input, ctx.address)),

  /** A short access token and a refresh token: for clients that can keep the pair. */
  login: publicProcedure
    .input(loginInput)
    .output(tokenPairSchema)
    .mutation(({ ctx, input }) => ctx.services.auth.loginRotating(input, ctx.address)),

  /** One token for 24 hours: for callers that know no refreshing. */
  loginForDay: publicProcedure
    .input(loginInput)
    .output(z.object({ token: z.string() }))
    .mutation(({ ctx, input }) => ctx.services.auth.login(input, ctx.address)),

  refresh: publicProcedure
    .input(refreshInput)
    .output(tokenPairSchema)
    .mutation(({ ctx, input }) => ctx.services.auth.refresh(input.refreshToken)),

  logout: userProcedure.mutation(({ ctx }) => ctx.services.auth.logout(ctx.viewer)),

  logoutEverywhere: userProcedure.mutation(({ ctx }) => ctx.services.auth.logoutEverywhere(ctx.viewer)),

  me: userProcedure.output(accountSchema).query(({ ctx }) => ctx.services.auth.me(ctx.viewer)),

  changePassword: userProcedure
    .input(changePasswordInput)
    .mutation(({ ctx, input }) => ctx.services.auth.changePassword(ctx.viewer, input, ctx.address)),

  /** Removes the account and everything that is the user's; there is no way back. */
  deleteAccount: userProcedure
    .input(deleteAccountInput)
    .mutation(({ ctx, input }) => ctx.services.accounts.remove(ctx.viewer, input, ctx.address)),

  /** Trades the one-time setup token for the first administrator. */
  createFirstAdmin: publicProcedure
    .input(createFirstAdminInput)
    .output(accountSchema)
    .mutation(({ ctx, input }) => ctx.services.setup.createFirstAdmin(input, ctx.address)),
});
