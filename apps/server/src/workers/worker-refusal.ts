/** A worker cannot serve, for a reason that an operator has to change; its message is one sentence that says it. */
export class WorkerRefusal extends Error {
  override readonly name = "WorkerRefusal";
}
