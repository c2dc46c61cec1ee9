import type { ConfigFile } from "./config-schema.ts";

type Entry = ConfigFile["upstreams"][number];

/** The clocks of an upstream, called as in the file; only what differs from the clocks of all. */
export type UpstreamClocks = NonNullable<Entry["clocks"]>;

/**
 * Puts the earlier gateway's two limits in the place of the clocks that the file does not name. Its rule: the short
 * limit for a streamed request, but the long one where no other upstream could help.
 */
export function toUpstreamClocks(
  entry: Entry,
  { file, isSingle }: { file: ConfigFile; isSingle: boolean },
): UpstreamClocks {
  const short = entry.stream_timeout || file.stream_timeout || undefined;
  const long = entry.timeout || file.timeout || undefined;
  const firstByte = entry.clocks?.first_byte_seconds ?? (isSingle ? long : short);
  const wholeAnswer = entry.clocks?.whole_answer_seconds ?? long;
  return {
    ...entry.clocks,
    ...(firstByte === undefined ? {} : { first_byte_seconds: firstByte }),
    ...(wholeAnswer === undefined ? {} : { whole_answer_seconds: wholeAnswer }),
  };
}
