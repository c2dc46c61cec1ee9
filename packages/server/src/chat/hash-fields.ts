import type { RunLookUp } from "./live-run.ts";

/** The files of a request in its fingerprint: nothing where there are none, as before there were any. */
export function toHashedFiles(attachmentIds: readonly string[] | undefined, isEmptySaid = false): string[] {
  if (attachmentIds === undefined || (attachmentIds.length === 0 && !isEmptySaid)) return [];
  return [attachmentIds.join(",")];
}

/** The same for what a question is looked up in. */
export function toHashedLookUp({ knowledgeBaseIds, topK }: RunLookUp): string[] {
  return [
    ...(knowledgeBaseIds === undefined ? [] : [`in ${knowledgeBaseIds.join(",")}`]),
    ...(topK === undefined ? [] : [`top ${topK}`]),
  ];
}
