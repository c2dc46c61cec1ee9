import { requireNames } from "../unknown-name.ts";
import { rivalNames } from "./contenders.ts";
import type { GatewayBenchOptions } from "./gateway-bench.ts";
import { scenarios, type ScenarioName } from "./scenarios.ts";

/** What stands on the command line. */
export type GatewayFlags = {
  readonly quick: boolean;
  readonly rounds?: string | undefined;
  readonly only?: string | undefined;
  readonly rivals?: string | undefined;
  readonly profile?: string | undefined;
};

/**
 * Reads what is to be measured.
 *
 * @throws UnknownName when a scenario or a rival is named that there is none of.
 */
export function readGatewayOptions({
  quick,
  rounds,
  only,
  rivals,
  profile,
}: GatewayFlags): GatewayBenchOptions {
  return {
    isQuick: quick,
    rounds: rounds === undefined ? undefined : Number(rounds),
    only:
      only === undefined
        ? undefined
        : requireNames(only.split(","), Object.keys(scenarios) as ScenarioName[]),
    rivals: rivals === undefined ? undefined : requireNames(rivals.split(","), rivalNames),
    launch: { isFromSource: quick, profileFolder: profile },
  };
}
