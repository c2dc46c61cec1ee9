import type { Gateway } from "@llm-backend/gateway";
import type { Accounts } from "../key/create-accounts.ts";
import type { RecordService } from "../record/record-service.ts";
import { createForwardService, type EndedCall, type ForwardService } from "./forward-service.ts";

/** What the calls stand on, and who learns of them. */
export type RecordedForwardDeps = {
  readonly gateway: Gateway;
  readonly accounts: Accounts;
  readonly records: RecordService;
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly onCallStarted?: (() => void) | undefined;
  readonly onCallEnded?: ((ended: EndedCall) => void) | undefined;
};

/** Creates the calls of `/v1`, with everything that is written down of them. */
export function createRecordedForward(deps: RecordedForwardDeps): ForwardService {
  const { gateway, accounts, records, now, elapsed, onCallStarted, onCallEnded } = deps;
  const { keys, admissions } = accounts.services;
  return createForwardService({
    gateway,
    keys,
    admissions,
    textCharsMax: records.answerCharsMax,
    now,
    elapsed,
    ...(onCallStarted !== undefined && { onStarted: onCallStarted }),
    onEnded(ended) {
      const { request, access, address, received } = ended.incoming;
      const asked = received?.request ?? request;
      records.addForward({ ...ended, request: asked, access, clientIp: address, voice: received?.voice });
      onCallEnded?.(ended);
    },
  });
}
