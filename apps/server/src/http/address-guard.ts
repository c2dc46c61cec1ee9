import type { Server } from "node:http";
import { isIPv4, type Socket } from "node:net";
import { toAddressKey } from "@llm-backend/server";

/** How many connections one address may have open. */
export type AddressGuardOptions = {
  readonly socketsMax: number;
  /** Whose connections are not counted: those of proxies bring many callers, and this machine is no stranger. */
  readonly isFree: (address: string) => boolean;
  /** Learns of an address whose connections begin to be refused; not of each of them. */
  readonly onRefused: (address: string) => void;
};

type Count = { sockets: number; isRefused: boolean };

/**
 * Closes connections of addresses that have too many: an idle connection costs its caller nothing, and this process a
 * file descriptor.
 *
 * @returns what ends the guard.
 */
export function guardAddresses(servers: readonly Server[], options: AddressGuardOptions): Disposable {
  const counts = new Map<string, Count>();

  function count(socket: Socket): void {
    const { remoteAddress } = socket;
    // One that is gone already has no address, and needs no place.
    if (remoteAddress === undefined || options.isFree(remoteAddress)) return;
    const key = toAddressKey(remoteAddress);
    const entry = counts.get(key) ?? { sockets: 0, isRefused: false };
    if (entry.sockets >= options.socketsMax) {
      if (!entry.isRefused) options.onRefused(key);
      entry.isRefused = true;
      socket.destroy();
      return;
    }
    entry.sockets++;
    counts.set(key, entry);
    socket.once("close", () => {
      entry.sockets--;
      if (entry.sockets === 0) counts.delete(key);
    });
  }

  for (const server of servers) server.prependListener("connection", count);
  return {
    [Symbol.dispose]() {
      for (const server of servers) server.off("connection", count);
    },
  };
}

/** Tells addresses of this machine itself. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, "");
  return isIPv4(plain) ? plain.startsWith("127.") : plain === "::1";
}
