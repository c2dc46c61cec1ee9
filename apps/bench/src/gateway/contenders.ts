import type { Contender } from "../rivals/contender.ts";
import { startNginx } from "../rivals/start-nginx.ts";
import { startPortkey } from "../rivals/start-portkey.ts";
import { startAfternoon, startRaw, startRawAnew } from "../rivals/start-scripted.ts";
import type { LaunchOptions } from "./ours/launch-server.ts";
import { limited, open, plain, recorded, startOurs, type Variant } from "./ours/start-ours.ts";

type Start = (upstreamPort: number, launch: LaunchOptions) => Promise<Contender | string>;

const ours =
  (variant: Variant): Start =>
  (upstreamPort, launch) =>
    startOurs(variant, upstreamPort, launch);

/** Everything that can be measured, in the order in which it is shown; the first is what others are compared with. */
export const contenders = {
  raw: startRaw,
  "raw-anew": startRawAnew,
  nginx: startNginx,
  portkey: startPortkey,
  afternoon: startAfternoon,
  ours: ours(plain),
  "ours-limited": ours(limited),
  "ours-recorded": ours(recorded),
  "ours-open": ours(open),
} as const satisfies Readonly<Record<string, Start>>;

/** The name of a contender. */
export type ContenderName = keyof typeof contenders;

/** Those that are not ours, which `--rivals` chooses from. */
export const rivalNames = [
  "raw",
  "raw-anew",
  "nginx",
  "portkey",
  "afternoon",
] as const satisfies ContenderName[];
