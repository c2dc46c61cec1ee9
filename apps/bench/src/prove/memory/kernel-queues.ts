import { readFileSync } from "node:fs";

/**
 * The bytes that the system holds for connections of these ports on this machine: sent and not taken yet, or taken and
 * not read yet. Linux only.
 *
 * @source https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
 */
export function countQueued(ports: readonly number[]): number {
  const wanted = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, "0")));
  let bytes = 0;
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)) {
    const [, local = "", remote = "", , queues = ""] = line.trim().split(/\s+/);
    const isWanted = [local, remote].some((address) => wanted.has(address.slice(-4)));
    if (!isWanted) continue;
    const [sent = "0", received = "0"] = queues.split(":");
    bytes += Number.parseInt(sent, 16) + Number.parseInt(received, 16);
  }
  return bytes;
}
