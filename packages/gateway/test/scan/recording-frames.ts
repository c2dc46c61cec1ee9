export const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
export const spaced = (value: unknown): string =>
  `data: ${JSON.stringify(value, undefined, 1).replaceAll(/\n */g, " ").replaceAll("{ ", "{").replaceAll(" }", "}")}\n\n`;
export const done = "data: [DONE]\n\n";

/** Writes chunks of one provider: what surrounds the choices, then one delta each. */
export const chunks =
  (base: object, more: object = {}) =>
  (...deltas: readonly (readonly [delta: object | null, reason?: string | null, extra?: object])[]): string =>
    deltas
      .map(([delta, reason = null, extra]) =>
        frame({
          ...base,
          choices: [{ index: 0, delta, ...more, finish_reason: reason }],
          ...extra,
        }),
      )
      .join("");

export const openai = {
  id: "chatcmpl-BNa6yqVXkQ7CkQHyNBS5Mfxkzr2NA",
  object: "chat.completion.chunk",
  created: 1745141234,
  model: "gpt-4o-mini-2024-07-18",
  service_tier: "default",
  system_fingerprint: "fp_0392822090",
};
export const say = chunks(openai, { logprobs: null });
export const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };
export const counted = { promptTokens: 9, completionTokens: 3 };
export const role = { role: "assistant", content: "", refusal: null };
export const hello = [
  [role],
  [{ content: "Hello" }],
  [{ content: " world" }],
  [{ content: '\n"!"' }],
] as const;
const text = 'Hello world\n"!"';
export const stop = {
  text,
  finishReason: "stop",
  isFinished: true,
  isDone: true,
  hasContent: true,
  textChars: 15,
  model: openai.model,
};

const call = (fields: object): object => ({ tool_calls: [{ index: 0, ...fields }] });
export const calling = [
  [
    {
      role: "assistant",
      content: null,
      ...call({ id: "call_1", type: "function", function: { name: "weather", arguments: "" } }),
    },
  ],
  [call({ function: { arguments: '{"ci' } })],
  [call({ function: { arguments: 'ty":' } })],
  [call({ function: { arguments: '"Rome"}' } })],
  [{}, "tool_calls"],
] as const;
export const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
export const response = { id: "resp_1", object: "response", model: "gpt-4.1", output: [] };
export const piece = (delta: string, number: number): string =>
  event("response.output_text.delta", {
    sequence_number: number,
    item_id: "msg_1",
    output_index: 0,
    content_index: 0,
    delta,
    logprobs: [],
    obfuscation: "abcdefgh".slice(number),
  });
export const choiceOf = (index: number, delta: object, reason: string | null = null): string =>
  frame({ ...openai, choices: [{ index, delta, finish_reason: reason }] });
const legacy = { id: "cmpl-1", object: "text_completion", created: 1, model: "gpt-3.5-turbo-instruct" };
export const word = (content: string, reason: string | null = null): string =>
  frame({ ...legacy, choices: [{ text: content, index: 0, logprobs: null, finish_reason: reason }] });
export const mistral = { id: "m1", object: "chat.completion.chunk", created: 1, model: "magistral" };
