import { isFields } from "./engine-fields.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a chunk brings of the first answer; of several side by side only that one is spoken. */
export function readFirstDelta({ choices }: Fields): Fields | undefined {
  const list: readonly unknown[] = Array.isArray(choices) ? choices : [];
  const first = list.filter(isFields).find(({ index }) => index === undefined || index === 0);
  const delta = first?.["delta"];
  return isFields(delta) ? delta : undefined;
}
