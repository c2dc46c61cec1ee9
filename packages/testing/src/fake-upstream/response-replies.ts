import { event, page, type Reply } from "./reply-steps.ts";

const common = {
  id: "resp_1",
  object: "response",
  created_at: 1_760_000_000,
  model: "fake-model",
  error: null,
  incomplete_details: null,
  tools: [],
};
const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18 };

const toMessage = (text: string) => ({
  type: "message",
  id: "msg_1",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text, annotations: [] }],
});

/** A whole answer of the Responses API. */
export function response(text: string): Reply {
  const body = { ...common, status: "completed", output: [toMessage(text)], usage };
  return page("application/json", JSON.stringify(body));
}

/** The same as a stream of its events. */
export function responseStream(pieces: readonly string[]): Reply {
  let sequence = 0;
  const say = (type: string, fields: object) => event({ type, sequence_number: sequence++, ...fields }, type);
  const place = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const text = pieces.join("");
  const empty = { type: "output_text", text: "", annotations: [] };
  return {
    steps: [
      say("response.created", { response: { ...common, status: "in_progress", output: [] } }),
      say("response.output_item.added", {
        output_index: 0,
        item: { ...toMessage(""), status: "in_progress", content: [] },
      }),
      say("response.content_part.added", { ...place, part: empty }),
      ...pieces.map((delta) => say("response.output_text.delta", { ...place, delta, logprobs: [] })),
      say("response.output_text.done", { ...place, text, logprobs: [] }),
      say("response.content_part.done", { ...place, part: { ...empty, text } }),
      say("response.output_item.done", { output_index: 0, item: toMessage(text) }),
      say("response.completed", {
        response: { ...common, status: "completed", output: [toMessage(text)], usage },
      }),
    ],
  };
}

/** A whole answer that wants a function to be called. */
export function responseToolCall(name: string, args: string): Reply {
  const item = {
    type: "function_call",
    id: "fc_1",
    call_id: "call_1",
    name,
    arguments: args,
    status: "completed",
  };
  return page("application/json", JSON.stringify({ ...common, status: "completed", output: [item], usage }));
}
