import type { RecordView } from "@llm-backend/contract";
import type { RequestRecord } from "@llm-backend/storage";

/** A record as it is shown. */
export function toRecordView(record: RequestRecord): RecordView {
  const { id, at, promptTokens, completionTokens, reasoningTokens, cachedTokens, voice, ...rest } = record;
  return {
    recordId: id,
    at: new Date(at),
    ...rest,
    voice: voice === null ? null : readFields(voice),
    usage: {
      ...(promptTokens === null ? {} : { promptTokens }),
      ...(completionTokens === null ? {} : { completionTokens }),
      ...(reasoningTokens === null ? {} : { reasoningTokens }),
      ...(cachedTokens === null ? {} : { cachedTokens }),
    },
  };
}

/** One row that cannot be read must not hide the others. */
function readFields(json: string): Record<string, unknown> | null {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return null;
  }
}
