const delayMsMin = 1_000;
const spreadMs = 4_000;

/**
 * How long a reader of server-sent events is told to wait before it comes back, in milliseconds: another time for each,
 * so that the readers of a server that went down do not all come back in the same moment.
 */
export function chooseRetryMs(random: () => number = Math.random): number {
  return delayMsMin + Math.floor(random() * spreadMs);
}
