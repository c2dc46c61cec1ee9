import type { AttemptReport } from "../attempt/attempt-ports.ts";
import type { UploadBody } from "../attempt/upload-body.ts";
import type { CandidateWalk } from "../failover/candidate-walk.ts";
import type { GatewayContext } from "../failover/gateway-context.ts";
import type { ForwardCall, ForwardOptions } from "./forward-ports.ts";
import type { Outlet } from "./outlet.ts";

/** One call on its way, over all attempts. */
export type Forwarding = {
  readonly context: GatewayContext;
  readonly call: ForwardCall;
  readonly options: ForwardOptions;
  readonly outlet: Outlet;
  readonly walk: CandidateWalk;
  /** The body, where it is passed on as it comes. */
  readonly upload: UploadBody | undefined;
  readonly attempts: AttemptReport[];
};
