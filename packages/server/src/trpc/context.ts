import type { Viewer } from "../auth/viewer.ts";
import type { Services } from "../backend.ts";

/** What is known of one request. Data only: never the request itself. */
export type Context = {
  readonly services: Services;
  /** The bearer token, as it came; who it belongs to is found out where somebody has to be somebody. */
  readonly credential: string | undefined;
  /** Who asks, where the face has found that out already. */
  readonly viewer?: Viewer;
  /** Where the request comes from, behind the proxies that are trusted. */
  readonly address: string;
  /** Resolves when the caller has taken enough of what was sent; absent where the face holds the stream back itself. */
  readonly writable?: (() => Promise<void>) | undefined;
};
