import type { Call } from "@llm-backend/testing";

/** One part of a form. */
export type FormPart = { readonly name: string; readonly head: string; readonly bytes: Buffer };

/** Takes a form apart as it came over the wire. */
export function readMultipart({ headers, bodyBytes }: Call): FormPart[] {
  const boundary = /boundary="?([^";]+)/.exec(headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) throw new Error(`No form: ${headers["content-type"]}`);
  const mark = `--${boundary}`;
  const parts: FormPart[] = [];
  let at = bodyBytes.indexOf(mark);
  for (;;) {
    const start = at + mark.length + 2;
    const headEnd = bodyBytes.indexOf("\r\n\r\n", start);
    at = bodyBytes.indexOf(mark, start);
    if (at === -1 || headEnd === -1) return parts;
    const head = bodyBytes.toString("utf8", start, headEnd);
    const name = /name="([^"]*)"/.exec(head)?.[1] ?? "";
    parts.push({ name, head, bytes: bodyBytes.subarray(headEnd + 4, at - 2) });
  }
}
