/** Tells a person how far a proof is: one line that is written over on a terminal, seldom a new one elsewhere. */
export type Progress = {
  show(done: number, what?: string): void;
  end(): void;
};

/** Where the line goes. */
export type ProgressOutput = { readonly isTTY?: boolean | undefined; write(text: string): unknown };

/** How often a line is written where it cannot be written over. */
const logMs = 10_000;
const terminalMs = 200;

/** Creates the progress of one proof. */
export function createProgress(
  name: string,
  given: { readonly total: number; readonly output: ProgressOutput; readonly now: () => number },
): Progress {
  const { total, output, now } = given;
  const isTerminal = output.isTTY === true;
  const startedAt = now();
  let shownAt = startedAt;
  let isShown = false;
  return {
    show(done, what = "") {
      const at = now();
      if (at - shownAt < (isTerminal ? terminalMs : logMs)) return;
      shownAt = at;
      isShown = true;
      const rest = done > 0 ? ((at - startedAt) / done) * (total - done) : Number.NaN;
      const left = rest > 0 ? `, ${Math.ceil(rest / 1000)} s left` : "";
      const line = `${name}: ${done.toLocaleString("en")} of ${total.toLocaleString("en")}${left} ${what}`;
      output.write(isTerminal ? `\r\u001b[2K${line}` : `${line.trimEnd()}\n`);
    },
    end() {
      if (isShown && isTerminal) output.write("\r\u001b[2K");
    },
  };
}
