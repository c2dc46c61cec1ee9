import type { Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import type { KeyService } from "../key/key-service.ts";
import type { RunRelay } from "../relay/run-relay.ts";
import type { SealBox } from "../secrets/seal-box.ts";
import { createLiveUpstreams, type LiveUpstreams } from "./live-upstreams.ts";
import { createUpstreamService } from "./upstream-service.ts";

/** What the upstreams stand on. */
export type OpenUpstreamsDeps = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly sealBox: SealBox;
  readonly keys: Pick<KeyService, "setUpstreamAccess">;
  readonly relay: RunRelay | undefined;
  readonly now: () => number;
  readonly onInternalError: (error: unknown) => void;
};

/** Builds the list of upstreams, and keeps the gateway and the other processes at it. */
export function openUpstreams(deps: OpenUpstreamsDeps): LiveUpstreams {
  const { storage, gateway, sealBox, keys, relay, now, onInternalError } = deps;
  return createLiveUpstreams({
    list: createUpstreamService({ storage, sealBox, now }),
    storage,
    gateway,
    onLoaded: keys.setUpstreamAccess,
    onChanged: () => relay?.broadcast({ type: "upstreams-changed" }),
    onError: onInternalError,
    now,
  });
}
