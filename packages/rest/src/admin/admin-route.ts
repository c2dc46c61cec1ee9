import type { ErrorCode } from "@llm-backend/contract";
import type { Services } from "@llm-backend/server";

/** What the calls of the administration stand on. */
export type AdminResources = {
  readonly services: Pick<Services, "upstreams" | "records">;
  /** Keys are shown whole, as the earlier gateway did. */
  readonly showsKeys: boolean;
};

/** What a request brings. */
export type AdminRequest = {
  readonly params: Readonly<Record<string, string>>;
  /** The fields of the body; empty when it has none, or is no object. */
  readonly body: Readonly<Record<string, unknown>>;
};

/** One call of the administration; all of them are for administrators. */
export type AdminRoute = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `:name` for each part that varies. */
  readonly path: string;
  /** A call that takes no body does not mind one. */
  readonly takesBody?: true;
  /** The error statuses that callers of this route know, where they are not those of the error table. */
  readonly statuses?: Partial<Record<ErrorCode, number>>;
  call(resources: AdminResources, request: AdminRequest): Promise<unknown>;
};

/** What every call that changes something answers with. */
export const success = { message: "success" } as const;
