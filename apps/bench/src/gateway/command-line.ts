import { requireNames } from "../unknown-name.ts";
import { rivalNames } from "./contenders.ts";
import type { GatewayBenchOptions } from "./gateway-bench.ts";
import { scenarios, type ScenarioName } from "./scenarios.ts";

/** What `npm start` starts a server with. */

/** What stands on the command line. */
export type GatewayFlags = {
  readonly quick: boolean;
  readonly rounds?: string | undefined;
  readonly only?: string | undefined;
  readonly rivals?: string | undefined;
  readonly profile?: string | undefined;
  readonly "node-flags"?: string | undefined;
};

/**
 * Reads what is to be measured.
 *
 * @throws UnknownName when a scenario or a rival is named that there is none of.
 */
export function readGatewayOptions(flags: GatewayFlags): GatewayBenchOptions {
  const { quick, rounds, only, rivals, profile } = flags;
  const nodeFlags = (flags["node-flags"] ?? "").split(" ").filter((flag) => flag !== "");
  return {
    isQuick: quick,
    rounds: rounds === undefined ? undefined : Number(rounds),
    only: toNames(only, Object.keys(scenarios) as ScenarioName[]),
    rivals: toNames(rivals, rivalNames),
    launch: { profileFolder: profile, nodeFlags },
  };
}

function toNames<TName extends string>(
  list: string | undefined,
  known: readonly TName[],
): readonly TName[] | undefined {
  return list === undefined ? undefined : requireNames(list.split(","), known);
}
