const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota of the disk is used up",
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "a file of that name is in its place",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its links go in a circle",
};

/** The code of a failed call of the file system. */
export function toFileCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Says in words why a call of the file system failed. */
export function toFileReason(error: unknown): string {
  const code = toFileCode(error);
  return reasons[code] ?? (code === "" ? "of an unknown error" : code);
}
