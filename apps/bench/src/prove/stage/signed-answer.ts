/** An answer that a question asks for by its words, so that whoever knows the question knows the answer. */
export type AnswerPlan = {
  /** Signs every token, so that one that strayed into another stream shows. */
  readonly stream: string;
  readonly tokens: number;
  /** Between two tokens; 0: all at once. */
  readonly everyMs: number;
  /** Before this token the upstream waits, for ever or until its gate is opened. */
  readonly holdAt?: number;
};

/** What stands in some of the tokens: characters of one to four bytes, and those that have to be escaped. */
const marks = ["", "é", "", "漢字", "", "🙂", '"\\', "\n\n", "", "data: "];

/** The message that asks for an answer. */
export function toQuestion(plan: AnswerPlan): string {
  return JSON.stringify(plan);
}

/** Reads what a message asks for; undefined for one that was not made here. */
export function readQuestion(message: string): AnswerPlan | undefined {
  try {
    const plan: unknown = JSON.parse(message);
    return typeof plan === "object" && plan !== null && "stream" in plan ? (plan as AnswerPlan) : undefined;
  } catch {
    return undefined;
  }
}

/** One token: its stream, its number, and a mark. */
export function toToken(plan: AnswerPlan, index: number): string {
  return `${plan.stream}.${index}${marks[index % marks.length] ?? ""} `;
}

/** All that the answer says. */
export function toAnswer(plan: AnswerPlan, tokens = plan.tokens): string {
  return Array.from({ length: tokens }, (_, index) => toToken(plan, index)).join("");
}
