import type { Server } from "node:http";
import { compile } from "@fastify/proxy-addr";
import type { Logger } from "pino";
import type { Config } from "../config/to-config.ts";
import { guardAddresses, isLoopback } from "./address-guard.ts";
import { guardStalls } from "./stall-guard.ts";

/**
 * Keeps connections from being held for nothing: by readers that take nothing, and by addresses that open too many.
 *
 * @returns what ends it.
 */
export function guardConnections(
  servers: readonly Server[],
  { config, logger }: { readonly config: Config; readonly logger: Logger },
): Disposable {
  const { limits } = config;
  const isProxy = compile([...config.trusted_proxies]);
  const guards = new DisposableStack();
  guards.use(guardStalls(servers, { stallMs: limits.follower_stall_seconds * 1000 }));
  guards.use(
    guardAddresses(servers, {
      socketsMax: limits.sockets_per_address_max,
      isFree: (address) => isLoopback(address) || isProxy(address, 0),
      onRefused: (address) =>
        logger.warn(
          { address },
          "Connections are refused: the address has too many (limits.sockets_per_address_max); name proxies in trusted_proxies",
        ),
    }),
  );
  return guards;
}
