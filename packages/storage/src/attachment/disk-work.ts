import { toUnavailable } from "../sqlite/disk-fault.ts";

/** What a disk says when it is full, broken, or may not be written to. */
const diskCodes = new Set(["ENOSPC", "EDQUOT", "EIO", "EROFS"]);

/**
 * Waits for work with files.
 *
 * @throws DomainError `storage_unavailable` where the disk is to blame; everything else as it is.
 */
export async function onDisk<TResult>(work: Promise<TResult>): Promise<TResult> {
  try {
    return await work;
  } catch (error) {
    const isDisk = error instanceof Error && "code" in error && diskCodes.has(String(error.code));
    throw isDisk ? toUnavailable(error) : error;
  }
}
