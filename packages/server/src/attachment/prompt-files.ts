import type { WireMessage, WirePart } from "@llm-backend/contract";
import type { Attachment, FileStore } from "@llm-backend/storage";
import { estimateMessageTokens, estimateTokens } from "../chat/token-estimate.ts";

/** A message with the files that belong to it. */
export type FiledMessage = {
  readonly role: WireMessage["role"];
  readonly content: string;
  readonly files?: readonly Attachment[] | undefined;
};

/** How files are put into a prompt. */
export type PromptFileSettings = {
  readonly store: Pick<FileStore, "open">;
  /** Whether the model takes images; those that it does not take are named. */
  readonly takesImages: boolean;
  /** Of the images of one prompt, so many bytes are sent; older ones are named. */
  readonly imageBytesMax: number;
};

/** Stands where files were all there was of a message. */
const removedFiles = "[The files of this message were removed.]";

/** What the lines around a text cost beside its name. */
const frameTokens = 12;

/** Estimates the tokens of a message with its files. */
export function estimateFiledTokens(message: FiledMessage, takesImages: boolean): number {
  const { files = [] } = message;
  return files.reduce(
    (sum, file) => {
      const isLeftOut = isImage(file) && !takesImages;
      return sum + frameTokens + estimateTokens(file.name) + (isLeftOut ? 0 : file.tokens);
    },
    estimateMessageTokens({ content: toSaid(message) }),
  );
}

/** What a message says beside its files: no model is asked with nothing at all. */
function toSaid({ content, files = [] }: Pick<FiledMessage, "content" | "files">): string {
  return content === "" && files.length === 0 ? removedFiles : content;
}

/** Writes messages, oldest first, as a model gets them: files before the text that is about them. */
export async function toWireMessages(
  messages: readonly FiledMessage[],
  settings: PromptFileSettings,
): Promise<WireMessage[]> {
  const images = chooseImages(messages, settings);
  return Promise.all(messages.map((message) => toWireMessage(message, settings.store, images)));
}

/** The images that are sent: the newest ones, as many as may be. */
function chooseImages(
  messages: readonly FiledMessage[],
  { takesImages, imageBytesMax }: PromptFileSettings,
): ReadonlySet<Attachment> {
  const chosen = new Set<Attachment>();
  if (!takesImages) return chosen;
  let left = imageBytesMax;
  for (const { files = [] } of messages.toReversed()) {
    for (const file of files.filter(isImage)) {
      left -= file.bytes;
      if (left < 0) return chosen;
      chosen.add(file);
    }
  }
  return chosen;
}

async function toWireMessage(
  { role, content, files = [] }: FiledMessage,
  store: Pick<FileStore, "open">,
  images: ReadonlySet<Attachment>,
): Promise<WireMessage> {
  if (files.length === 0) return { role, content: toSaid({ content, files }) };
  const parts: WirePart[] = [];
  for (const file of files) {
    const bytes = isImage(file) && !images.has(file) ? "left out" : await readBytes(store, file);
    parts.push(...(isImage(file) ? toImageParts(file, bytes) : [toTextPart(file, bytes)]));
  }
  // Nobody takes a text that is empty.
  if (content !== "") parts.push({ type: "text", text: content });
  // Not every upstream takes a list where one text would do.
  if (parts.some(({ type }) => type !== "text")) return { role, content: parts };
  return { role, content: parts.map((part) => (part.type === "text" ? part.text : "")).join("\n\n") };
}

type FileBytes = Buffer | "left out" | "lost";

function toImageParts({ name, mediaType }: Attachment, bytes: FileBytes): WirePart[] {
  const title = `Image ${JSON.stringify(name)}`;
  if (!Buffer.isBuffer(bytes)) return [{ type: "text", text: `[${title}: ${bytes}]` }];
  const url = `data:${mediaType};base64,${bytes.toString("base64")}`;
  return [
    { type: "text", text: `${title}:` },
    { type: "image_url", image_url: { url } },
  ];
}

function toTextPart({ name }: Attachment, bytes: FileBytes): WirePart {
  const title = JSON.stringify(name);
  if (!Buffer.isBuffer(bytes)) return { type: "text", text: `[File ${title}: ${bytes}]` };
  // Without the mark that some editors put before a text.
  const text = new TextDecoder().decode(bytes);
  return { type: "text", text: `<file name=${title}>\n${text}\n</file>` };
}

/** A conversation goes on without a file that is lost, as after a backup that was restored without its files. */
async function readBytes(store: Pick<FileStore, "open">, file: Attachment): Promise<FileBytes> {
  const handle = await store.open(file);
  if (handle === undefined) return "lost";
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

const isImage = ({ mediaType }: Attachment): boolean => mediaType !== "text/plain";
