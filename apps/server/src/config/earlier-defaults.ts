import type { ConfigNotice } from "./config-error.ts";
import { isRawDocument, type RawDocument } from "./raw-document.ts";
import { earlierGatewayKeys } from "./sections/earlier-section.ts";
import { earlierUpstreamKeys } from "./sections/earlier-upstream-keys.ts";

/** What the earlier gateway filled in where its file said nothing. */
const earlierDefaults = { address: ":8888", timeout: 120, stream_timeout: 10 } as const;

/** A document in which nothing of the earlier gateway's is left to chance, and what there is to say of it. */
export type EarlierDefaults = { readonly document: RawDocument; readonly notices: readonly ConfigNotice[] };

/**
 * Fills in the earlier gateway's own defaults where a file is written in its words: its address, and its two limits
 * where there are no `clocks`. Words that both have, such as `authorization` and `lb_policy`, say nothing of whose file
 * it is.
 */
export function withEarlierDefaults(document: RawDocument): EarlierDefaults {
  const isEarlier =
    hasAny(document, earlierGatewayKeys) ||
    listUpstreams(document).some((entry) => hasAny(entry, earlierUpstreamKeys));
  const needsAddress = isEarlier && !isAddressed(document);
  const { address } = earlierDefaults;
  const message = `is not set: the server listens on "${address}", as the earlier gateway did`;
  return {
    document: {
      ...document,
      ...(needsAddress ? { address } : {}),
      ...(isEarlier || hasEarlierKey(document) ? toLimits(document) : {}),
    },
    notices: needsAddress ? [{ path: "address", message, level: "info" }] : [],
  };
}

/** A limit of 0 was none that was set. */
function toLimits({ clocks, timeout, stream_timeout: streamTimeout }: RawDocument): RawDocument {
  if (clocks !== undefined) return {};
  return {
    timeout: timeout || earlierDefaults.timeout,
    stream_timeout: streamTimeout || earlierDefaults.stream_timeout,
  };
}

/** `sk` is read in files of ours too: it does not open a port to everyone, but keeps the limits that came with it. */
function hasEarlierKey(document: RawDocument): boolean {
  return listUpstreams(document).some(({ sk }) => sk !== undefined);
}

function isAddressed({ address, server }: RawDocument): boolean {
  return address !== undefined || server !== undefined;
}

function listUpstreams({ upstreams }: RawDocument): RawDocument[] {
  return Array.isArray(upstreams) ? upstreams.filter(isRawDocument) : [];
}

function hasAny(holder: RawDocument, keys: object): boolean {
  return Object.keys(keys).some((key) => holder[key] !== undefined);
}
