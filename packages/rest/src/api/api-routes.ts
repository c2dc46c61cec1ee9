import { accountRoutes } from "./account-routes.ts";
import { attachmentRoutes } from "./attachment-routes.ts";
import { branchRoutes } from "./branch-routes.ts";
import { branchStreamRoutes } from "./branch-stream-routes.ts";
import { chatRoutes } from "./chat-routes.ts";
import { conversationRoutes } from "./conversation-routes.ts";
import { ragRoutes } from "./rag-routes.ts";
import type { Route } from "./route.ts";
import { shelfRoutes } from "./shelf-routes.ts";
import { temporaryRoutes } from "./temporary-routes.ts";
import { toolRoutes } from "./tool-routes.ts";
import { transferRoutes } from "./transfer-routes.ts";

/** Every call of the REST face: what is mounted, what is documented, what is tested. */
export const apiRoutes: readonly Route[] = [
  ...accountRoutes,
  ...conversationRoutes,
  ...branchRoutes,
  ...chatRoutes,
  ...attachmentRoutes,
  ...branchStreamRoutes,
  ...shelfRoutes,
  ...transferRoutes,
  ...temporaryRoutes,
  ...toolRoutes,
  ...ragRoutes,
];
