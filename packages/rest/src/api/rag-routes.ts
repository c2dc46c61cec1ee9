import { ragBaseRoutes } from "./rag-base-routes.ts";
import { ragDocumentRoutes } from "./rag-document-routes.ts";
import { ragSearchRoutes } from "./rag-search-routes.ts";
import type { Route } from "./route.ts";

/** Knowledge bases: what the earlier system had, and what has come since. */
export const ragRoutes: readonly Route[] = [...ragBaseRoutes, ...ragDocumentRoutes, ...ragSearchRoutes];
