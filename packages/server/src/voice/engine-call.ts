import { locateFields, walkMembers } from "@llm-backend/gateway";

// Without the quote before them: quotes are everywhere in a body, and each would be looked at.
const contextMark = Buffer.from('context"');
const turnMark = Buffer.from('turn_id"');
const openBrace = 0x7b;
const openBracket = 0x5b;

/**
 * Whether a body of `/v1/chat/completions` is of a voice engine: it names a context, or its turns are numbered. Looks for
 * two words in its bytes first. Most bodies have neither, and are not looked at any further.
 */
export function isOfEngine(bytes: Buffer): boolean {
  const namesTurns = bytes.includes(turnMark);
  if (!namesTurns && !bytes.includes(contextMark)) return false;
  const layout = locateFields(bytes, ["context", "turn_id", "messages"]);
  if (layout === undefined) return false;
  const context = layout.find("context");
  if (context !== undefined && bytes[context.valueStart] === openBrace) return true;
  if (layout.findAll("turn_id").length > 0) return true;
  const messages = layout.find("messages");
  return namesTurns && messages !== undefined && hasTurns(bytes, messages.valueStart);
}

function hasTurns(bytes: Buffer, open: number): boolean {
  if (bytes[open] !== openBracket) return false;
  let isFound = false;
  walkMembers(bytes, open, ({ valueStart, valueEnd }) => {
    isFound ||=
      locateFields(bytes.subarray(valueStart, valueEnd), ["turn_id"])?.find("turn_id") !== undefined;
  });
  return isFound;
}
