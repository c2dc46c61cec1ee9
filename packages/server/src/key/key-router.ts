import {
  createKeyInput,
  issuedKeySchema,
  keyDetailSchema,
  keyPageSchema,
  keyRefInput,
  keySchema,
  listKeysInput,
  rotateKeyInput,
  updateKeyInput,
} from "@llm-backend/contract";
import { router, userProcedure } from "../trpc/trpc.ts";

/** Keys of ours: the viewer's own, and for administrators everybody's. */
export const keyRouter = router({
  /** The answer has the secret, which is never shown again. */
  create: userProcedure
    .input(createKeyInput)
    .output(issuedKeySchema)
    .mutation(({ ctx, input }) => ctx.services.keys.create(ctx.viewer, input)),

  list: userProcedure
    .input(listKeysInput)
    .output(keyPageSchema)
    .query(({ ctx, input }) => ctx.services.keys.list(ctx.viewer, input)),

  get: userProcedure
    .input(keyRefInput)
    .output(keyDetailSchema)
    .query(({ ctx, input }) => ctx.services.keys.get(ctx.viewer, input.keyId)),

  update: userProcedure
    .input(updateKeyInput)
    .output(keySchema)
    .mutation(({ ctx, input }) => ctx.services.keys.update(ctx.viewer, input)),

  revoke: userProcedure
    .input(keyRefInput)
    .output(keySchema)
    .mutation(({ ctx, input }) => ctx.services.keys.revoke(ctx.viewer, input.keyId)),

  /** A new secret for the same key; the answer has it. */
  rotate: userProcedure
    .input(rotateKeyInput)
    .output(issuedKeySchema)
    .mutation(({ ctx, input }) => ctx.services.keys.rotate(ctx.viewer, input)),
});
