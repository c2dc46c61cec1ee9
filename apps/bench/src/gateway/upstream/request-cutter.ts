const headEnd = Buffer.from("\r\n\r\n");
const chunkedEnd = Buffer.from("0\r\n\r\n");

/** Cuts the bytes of one connection into requests, looking at no header but the two that say how long they are. */
export function createRequestCutter(
  onRequest: (head: string, body: string) => void,
): (bytes: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);

  /** Hands over the first request; false while it is not complete. */
  function cut(): boolean {
    const end = pending.indexOf(headEnd);
    if (end === -1) return false;
    const head = pending.toString("latin1", 0, end);
    const bodyAt = end + headEnd.length;
    const bodyEnd = findEnd(head, bodyAt);
    if (bodyEnd === -1 || bodyEnd > pending.length) return false;
    const body = pending.toString("latin1", bodyAt, bodyEnd);
    pending = pending.subarray(bodyEnd);
    onRequest(head, body);
    return true;
  }

  function findEnd(head: string, bodyAt: number): number {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) return bodyAt + Number(length);
    if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return bodyAt;
    const at = pending.indexOf(chunkedEnd, bodyAt);
    return at === -1 ? -1 : at + chunkedEnd.length;
  }

  return (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    while (pending.length > 0 && cut());
  };
}
