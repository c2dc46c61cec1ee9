/** One request of a client. */
export type RecordedRequest = {
  readonly method: string;
  readonly url: URL;
  /** The procedures it calls. */
  readonly paths: readonly string[];
  readonly authorization: string | undefined;
};

/** A `fetch` that keeps a record of what it was asked for. */
export type RecordingFetch = {
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  readonly requests: readonly RecordedRequest[];
  /** How often a procedure was called. */
  count(path: string): number;
};

/** Creates one around the global `fetch`. */
export function createRecordingFetch(): RecordingFetch {
  const requests: RecordedRequest[] = [];
  return {
    requests,
    fetch(input, init) {
      const url = new URL(input);
      requests.push({
        method: init?.method ?? "GET",
        url,
        paths: (url.pathname.split("/").at(-1) ?? "").split(","),
        authorization: new Headers(init?.headers).get("authorization") ?? undefined,
      });
      return fetch(input, init);
    },
    count: (path) => requests.filter(({ paths }) => paths.includes(path)).length,
  };
}
