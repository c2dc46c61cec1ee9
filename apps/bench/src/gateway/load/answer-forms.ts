/** How a whole answer looks. */
export type AnswerForm = {
  /** What the first piece of text looks like. */
  readonly firstMark: string;
  /** What stands near the end of a complete answer. */
  readonly lastMark: string;
  /** Complete answers to the same request have the same number of bytes. */
  readonly isFixedLength: boolean;
  /** The text of a complete answer. */
  toText(body: string): string;
};

type CompletionChunk = { readonly choices: readonly { readonly delta: { readonly content?: string } }[] };
type Completion = {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
};
type RunEvent = { readonly json?: { readonly type: string; readonly text?: string } };
type RestFrame = { readonly event: string; readonly data: string };

/** The data of all events that carry any, as their lines hold it. */
const dataOf = (body: string) =>
  body.split("\n").flatMap((line) => (/^data: ./.test(line) ? [line.slice("data: ".length)] : []));

/** The answers of every face that is measured. */
export const answerForms = {
  stream: {
    firstMark: '"content":"_',
    lastMark: "[DONE]",
    isFixedLength: true,
    toText: (body) =>
      dataOf(body)
        .filter((data) => data !== "[DONE]")
        .map((data) => (JSON.parse(data) as CompletionChunk).choices[0]?.delta.content ?? "")
        .join(""),
  },
  whole: {
    firstMark: '"content":"_',
    lastMark: "}",
    isFixedLength: true,
    toText: (body) => (JSON.parse(body) as Completion).choices[0]?.message.content ?? "",
  },
  "rest-chat": {
    firstMark: '"message"',
    lastMark: '"full_response"',
    isFixedLength: false,
    toText: (body) =>
      // Lines of JSON, without the fields of server-sent events.
      body
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as RestFrame)
        .filter(({ event }) => event === "message")
        .map(({ data }) => data)
        .join(""),
  },
  "trpc-chat": {
    firstMark: '"text-delta"',
    lastMark: '"run-done"',
    isFixedLength: false,
    toText: (body) =>
      dataOf(body)
        .map((data) => JSON.parse(data) as RunEvent)
        .map(({ json }) => (json?.type === "text-delta" ? (json.text ?? "") : ""))
        .join(""),
  },
} as const satisfies Readonly<Record<string, AnswerForm>>;

/** The name of a form. */
export type AnswerFormName = keyof typeof answerForms;
