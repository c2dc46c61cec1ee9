/** A database that must not be used as it is; the message is one sentence for the operator. */
export class StorageRefusal extends Error {
  override readonly name = "StorageRefusal";
}
