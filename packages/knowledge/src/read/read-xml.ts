import { Parser } from "htmlparser2";
import type { PackedFile } from "./open-package.ts";
import { UnreadableDocument } from "./unreadable-document.ts";

/** What is told of the elements of an XML part, each by its name without the prefix. */
export type XmlHandler = {
  onopentag?(name: string, attributes: Readonly<Record<string, string>>): void;
  onclosetag?(name: string): void;
  ontext?(text: string): void;
};

const depthMax = 500;

/**
 * Reads an XML part as it is unpacked, so that neither its text nor its tree is ever held as a whole. A part that is not
 * there has no elements.
 *
 * @throws UnreadableDocument when it is nested too deeply or defines entities, which no document of a word processor does.
 */
export async function readXml(packed: PackedFile, name: string, handler: XmlHandler): Promise<void> {
  let depth = 0;
  const parser = new Parser(
    {
      onopentag(tag, attributes) {
        depth++;
        if (depth > depthMax) throw new UnreadableDocument("The document is nested too deeply to be read.");
        handler.onopentag?.(toLocalName(tag), attributes);
      },
      onclosetag(tag) {
        depth--;
        handler.onclosetag?.(toLocalName(tag));
      },
      ontext: (text) => handler.ontext?.(text),
      onprocessinginstruction(instruction) {
        if (!instruction.toLowerCase().startsWith("!doctype")) return;
        throw new UnreadableDocument("The document defines entities of its own, which a document may not.");
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  for await (const chunk of packed.read(name)) {
    decoder ??= new TextDecoder(findLabel(chunk));
    parser.write(decoder.decode(chunk, { stream: true }));
  }
  parser.end(decoder?.decode());
}

/** XML is UTF-8 or has a byte order mark. */
function findLabel(head: Buffer): string {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  return head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : "utf-8";
}

function toLocalName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
