import { event, finish, page, role, type Reply } from "@llm-backend/testing";

/** A function that a model wants to have called, with its arguments as JSON. */
export type WantedCall = { readonly name: string; readonly arguments: string };

const common = { id: "chatcmpl-tools", created: 1_760_000_000, model: "fake-model" };
const usage = { prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 };

/** An answer in one piece that wants these functions to be called. */
export function toolCallCompletion(calls: readonly WantedCall[]): Reply {
  const tool_calls = calls.map((call, index) => ({ id: `call_${index}`, type: "function", function: call }));
  const message = { role: "assistant", content: null, tool_calls };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "tool_calls" }];
  return page("application/json", JSON.stringify({ ...common, object: "chat.completion", choices, usage }));
}

/** The same as a stream in which the arguments come a few characters at a time. */
export function piecewiseToolCall(calls: readonly WantedCall[]): Reply {
  const chunk = (delta: object) =>
    event({
      ...common,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, logprobs: null, finish_reason: null }],
    });
  const fragments = calls.flatMap((call, index) => [
    chunk({
      tool_calls: [
        { index, id: `call_${index}`, type: "function", function: { name: call.name, arguments: "" } },
      ],
    }),
    ...(call.arguments.match(/.{1,5}/gsu) ?? []).map((piece) =>
      chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
    ),
  ]);
  return { steps: [role(), ...fragments, finish({ reason: "tool_calls", usage })] };
}
