import { DomainError } from "@llm-backend/contract";

/** What the head of a form's part says. */
export type PartHead = { readonly name: string; readonly fileName: string | undefined };

/**
 * Reads the head of a part. File names come as browsers write them, and as curl does.
 *
 * @source https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 * @throws DomainError `invalid_input`
 */
export function readPartHead(bytes: Uint8Array): PartHead {
  const head = new TextDecoder().decode(bytes);
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1];
  const name = disposition === undefined ? undefined : readParameter(disposition, "name");
  if (disposition === undefined || name === undefined) {
    throw new DomainError("invalid_input", "The form has a part without a name.");
  }
  const extended = /(?:^|;)\s*filename\*=utf-8''([^;\s]+)/i.exec(disposition)?.[1];
  const fileName = readExtended(extended) ?? readParameter(disposition, "filename");
  return { name, fileName: fileName === undefined ? undefined : toBareName(fileName) };
}

function readParameter(disposition: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|;)\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, "i").exec(
    disposition,
  );
  const quoted = match?.[1]?.replaceAll(/\\(["\\])/g, "$1");
  return (quoted ?? match?.[2])?.replaceAll(/%22|%0d|%0a/gi, decodeURIComponent);
}

function readExtended(encoded: string | undefined): string | undefined {
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new DomainError("invalid_input", "file: its name is not percent-encoded UTF-8.", { cause });
  }
}

/** Some senders put a path before it. */
const toBareName = (name: string): string =>
  name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
