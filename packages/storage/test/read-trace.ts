/** A call of the system, as strace has seen it: the lines of the trace at which it began and ended. */
export type TracedCall = {
  readonly thread: number;
  readonly name: string;
  /** The file that it was about. */
  readonly path: string;
  readonly text: string;
  readonly begin: number;
  readonly end: number;
};

const wholeCall = /^(\d+)\s+(\w+)\(\d+<([^>]*)>(.*)\)\s+= /;
const begunCall = /^(\d+)\s+(\w+)\(\d+<([^>]*)>(.*) <unfinished \.\.\.>$/;
const endedCall = /^(\d+)\s+<\.\.\. (\w+) resumed>/;

/** Reads what `strace -f -y` has written, in the order in which the calls ended. */
export function readTrace(trace: string): TracedCall[] {
  const calls: TracedCall[] = [];
  const open = new Map<string, Omit<TracedCall, "end">>();
  for (const [line, words] of trace.split("\n").entries()) {
    const begun = begunCall.exec(words) ?? wholeCall.exec(words);
    const ended = endedCall.exec(words);
    if (begun !== null) {
      const [, thread = "", name = "", path = "", text = ""] = begun;
      const call = { thread: Number(thread), name, path, text, begin: line };
      if (words.endsWith("<unfinished ...>")) open.set(thread, call);
      else calls.push({ ...call, end: line });
    } else if (ended !== null) {
      const call = open.get(ended[1] as string);
      if (call !== undefined) calls.push({ ...call, end: line });
      open.delete(ended[1] as string);
    }
  }
  return calls;
}
