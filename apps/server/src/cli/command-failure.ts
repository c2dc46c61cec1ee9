/** A command that has done what it was asked for, and found that not all is well: one sentence, and exit code 1. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
}
