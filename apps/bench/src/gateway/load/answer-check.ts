import { answerForms, type AnswerFormName } from "./answer-forms.ts";

/** Sees whether the answers of one connection are whole. */
export type AnswerCheck = {
  readonly onBody: (bytes: Buffer, from: number, to: number) => void;
  /** What is wrong with the answer that has just ended, or nothing. */
  end(status: number): string | undefined;
};

/** Every so many answers one is read letter by letter. */
const thoroughEvery = 16;
/** More than any last mark, less than what an answer of more than one token has. */
const tailBytes = 64;

/** Creates the check of a connection: length and end of every answer, and the whole text of some. */
export function createAnswerCheck(job: { form: AnswerFormName; text: string }): AnswerCheck {
  const form = answerForms[job.form];
  const tail = Buffer.alloc(tailBytes);
  let pieces: Buffer[] = [];
  let seen = 0;
  let bytesExpected: number | undefined;
  let bytes = 0;

  // Answers of no fixed length have to be read: their last mark may be followed by anything.
  const isThorough = () => !form.isFixedLength || seen % thoroughEvery === 0;

  function keepTail(from: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length < tailBytes) {
      tail.copyWithin(0, length);
      from.copy(tail, tailBytes - length, start, end);
    } else from.copy(tail, 0, end - tailBytes, end);
  }

  function explain(status: number, body: string | undefined): string | undefined {
    if (status !== 200) return `status ${status}: ${toLine(body ?? tail.toString("latin1"))}`;
    if (!(body ?? tail.toString("latin1")).includes(form.lastMark)) return `no end after ${bytes} bytes`;
    if (body !== undefined && form.toText(body) !== job.text) return `another text: ${toLine(body)}`;
    if (!form.isFixedLength) return undefined;
    bytesExpected ??= bytes;
    return bytes === bytesExpected ? undefined : `${bytes} bytes in place of ${bytesExpected}`;
  }

  return {
    onBody(from, start, end) {
      bytes += end - start;
      if (isThorough()) pieces.push(Buffer.from(from.subarray(start, end)));
      else keepTail(from, start, end);
    },
    end(status) {
      const body = isThorough() ? Buffer.concat(pieces).toString() : undefined;
      const problem = explain(status, body);
      pieces = [];
      bytes = 0;
      seen++;
      return problem;
    },
  };
}

/** The beginning of an answer on one line. */
function toLine(body: string): string {
  return body.replaceAll(/\s+/g, " ").slice(0, 200);
}
