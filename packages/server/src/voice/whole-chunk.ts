import { isFields } from "./engine-fields.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a chunk is given where its provider left it out. */
export type ChunkWords = {
  /** The one id of the answer: what a chunk says itself does not count. */
  readonly id: string;
  readonly model: string;
};

/** Gives a chunk of an answer what every chunk has in OpenAI's format; the very same object where nothing is missing. */
export function toWholeChunk(chunk: Fields, { id, model }: ChunkWords): Fields {
  const { choices } = chunk;
  // Whatever else stands in a stream is not made a chunk of.
  if (!Array.isArray(choices)) return chunk["id"] === id ? chunk : { ...chunk, id };
  const given = choices as readonly unknown[];
  const areWhole = given.every(isWholeChoice);
  if (areWhole && chunk["id"] === id && hasHead(chunk)) return chunk;
  return {
    ...chunk,
    id,
    object: chunk["object"] || "chat.completion.chunk",
    created: chunk["created"] || Math.floor(Date.now() / 1000),
    model: chunk["model"] || model,
    choices: areWhole ? given : given.map(toWholeChoice),
  };
}

/** Some providers write empty words and a zero in front of an answer. */
const hasHead = ({ object, created, model }: Fields): boolean => Boolean(object && created && model);

const isWholeChoice = (choice: unknown): boolean =>
  isFields(choice) && "index" in choice && "delta" in choice && "finish_reason" in choice;

const toWholeChoice = (choice: unknown, index: number): unknown =>
  isFields(choice) ? { index, delta: {}, finish_reason: null, ...choice } : choice;
