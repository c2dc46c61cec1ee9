import { adminRouter } from "./admin/admin-router.ts";
import { attachmentRouter } from "./attachment/attachment-router.ts";
import { authRouter } from "./auth/auth-router.ts";
import { chatRouter } from "./chat/chat-router.ts";
import { conversationRouter } from "./conversation/conversation-router.ts";
import { keyRouter } from "./key/key-router.ts";
import { knowledgeRouter } from "./knowledge/knowledge-router.ts";
import { modelRouter } from "./model/model-router.ts";
import { toolRouter } from "./tool/tool-router.ts";
import { createCallerFactory, router } from "./trpc/trpc.ts";
import { usageRouter } from "./usage/usage-router.ts";

/** All procedures. */
export const appRouter = router({
  auth: authRouter,
  conversation: conversationRouter,
  chat: chatRouter,
  attachment: attachmentRouter,
  knowledge: knowledgeRouter,
  model: modelRouter,
  tool: toolRouter,
  key: keyRouter,
  usage: usageRouter,
  admin: adminRouter,
});

/** What the typed client is made from. */
export type AppRouter = typeof appRouter;

/** Makes callers of the procedures for one request: how the REST faces use them. */
export const createCaller = createCallerFactory(appRouter);

/** All procedures, callable inside the process. */
export type Caller = ReturnType<typeof createCaller>;
