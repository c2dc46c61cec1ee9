import { z } from "zod";
import { integerIdSchema, messageIdSchema, requestIdSchema } from "./ids.ts";
import { storableLine, titleCharsMax } from "./text.ts";

export const selectVersionInput = z.strictObject({
  conversationId: integerIdSchema,
  /** The version to show; the conversation then shows the branch that was last shown below it. */
  messageId: messageIdSchema,
});
export type SelectVersionInput = z.infer<typeof selectVersionInput>;

export const forkConversationInput = z.strictObject({
  conversationId: integerIdSchema,
  /** The last message that the fork has. */
  messageId: messageIdSchema,
  /** Made by the client, once for each fork: the same key again answers with the fork that it made. */
  requestId: requestIdSchema.optional(),
  /** @default the conversation's own */
  title: storableLine(titleCharsMax).optional(),
});
export type ForkConversationInput = z.infer<typeof forkConversationInput>;
