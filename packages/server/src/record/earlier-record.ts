import type { RecordBodies, RequestRecord } from "@llm-backend/storage";

/** A record under the names that the earlier gateway's administration has. Durations are nanoseconds. */
export type EarlierRecord = {
  readonly ID: string;
  readonly Hostname: string;
  readonly UpstreamEndpoint: string;
  /** Always empty: keys are not kept. */
  readonly UpstreamSK: string;
  /** As RFC 3339 has it. */
  readonly CreatedAt: string;
  readonly IP: string;
  readonly Body: string;
  readonly Model: string;
  readonly Response: string;
  readonly ResponseTime: number;
  readonly ElapsedTime: number;
  readonly Status: number;
  /** Always empty, as the caller's other headers are. */
  readonly Authorization: string;
  readonly UserAgent: string;
  readonly Headers: string;
};

const nanosPerMs = 1_000_000;

/** Writes a record in the words of the earlier gateway; `endpoint` is the base URL of the upstream that answered. */
export function toEarlierRecord(
  record: RequestRecord,
  given: { bodies: RecordBodies | undefined; endpoint: string | undefined },
): EarlierRecord {
  return {
    ID: record.id,
    Hostname: record.host ?? "",
    UpstreamEndpoint: given.endpoint ?? "",
    UpstreamSK: "",
    CreatedAt: new Date(record.at).toISOString(),
    IP: record.clientIp ?? "",
    Body: given.bodies?.request ?? "",
    Model: record.model ?? "",
    Response: given.bodies?.answer ?? "",
    ResponseTime: (record.firstByteMs ?? 0) * nanosPerMs,
    ElapsedTime: record.elapsedMs * nanosPerMs,
    Status: record.status,
    Authorization: "",
    UserAgent: record.userAgent ?? "",
    Headers: "",
  };
}
