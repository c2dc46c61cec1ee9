import { DomainError } from "@llm-backend/contract";
import type { KnowledgeVersion } from "@llm-backend/storage";
import type { IngestDeps, IngestSettings } from "./ingest-ports.ts";

/** Looks at how far a document's text has come, in characters. @throws DomainError `quota_exceeded` */
export type RoomCheck = (chars: number) => Promise<void>;

const charsPerByte = 2;
const charsOfAny = 64 * 1024;

/**
 * Sees to it that small files do not fill the disk with what they unpack to. What is no longer than its bytes let expect is
 * within what its owner may have in bytes; a longer one is taken in as long as its owner has not too many passages.
 */
export function createRoomCheck(
  deps: Pick<IngestDeps, "storage"> & { readonly settings: Pick<IngestSettings, "passagesPerUserMax"> },
  { baseId, bytes }: Pick<KnowledgeVersion, "baseId" | "bytes">,
): RoomCheck {
  const { storage, settings } = deps;
  let isMeasured = false;
  return async (chars) => {
    if (isMeasured || chars <= bytes * charsPerByte + charsOfAny) return;
    isMeasured = true;
    const base = await storage.bases.find(baseId);
    if (base === undefined) return;
    const { passages } = await storage.documents.measure(base.userId);
    if (passages <= settings.passagesPerUserMax) return;
    const message = `The document's text is far larger than its file, and your documents have ${passages} passages already; remove some.`;
    throw new DomainError("quota_exceeded", message);
  };
}
