import type { ScanProgress, ScannedKind } from "../../src/scan/scan-progress.ts";
import {
  frame,
  spaced,
  done,
  chunks,
  openai,
  say,
  usage,
  counted,
  role,
  hello,
  stop,
  calling,
  event,
  response,
  piece,
  choiceOf,
  word,
  mistral,
} from "./recording-frames.ts";

/** A stream as a provider sends it, and what a caller who asked for usage gets of it. */
export type Recording = {
  readonly name: string;
  readonly kind: ScannedKind;
  readonly stream: string;
  readonly progress: Partial<ScanProgress>;
  /** What is passed on, where it is not the stream as it came. */
  readonly passes?: string;
};

/** Thirty ways of providers. */
export const recordings: readonly Recording[] = [
  {
    name: "OpenAI",
    kind: "chat",
    stream: say(...hello, [{}, "stop"]) + done,
    progress: { ...stop, usage: undefined, sawRole: true },
  },
  {
    name: "OpenAI with usage asked for",
    kind: "chat",
    stream:
      say(...hello, [{}, "stop"]).replaceAll("}\n\n", ',"usage":null}\n\n') +
      frame({ ...openai, choices: [], usage }) +
      done,
    progress: { ...stop, usage: counted },
  },
  {
    name: "OpenAI with padding in each frame",
    kind: "chat",
    stream:
      say(...hello.map(([delta], index) => [delta, null, { obfuscation: "kJ3vq0".slice(index) }] as const), [
        {},
        "stop",
        { obfuscation: "x" },
      ]) + done,
    progress: stop,
  },
  {
    name: "Azure, whose first frame is about the prompt and whose last ones are about filters",
    kind: "chat",
    stream:
      frame({
        choices: [],
        created: 0,
        id: "",
        model: "",
        object: "",
        prompt_filter_results: [{ prompt_index: 0 }],
      }) +
      say(...hello, [{}, "stop"]) +
      frame({
        choices: [
          {
            content_filter_offsets: { check_offset: 1 },
            content_filter_results: {},
            finish_reason: null,
            index: 0,
          },
        ],
      }) +
      done,
    progress: stop,
  },
  {
    name: "vLLM, which repeats usage in every frame",
    kind: "chat",
    stream:
      say(...hello.map(([delta]) => [delta, null, { usage }] as const), [
        { content: "" },
        "stop",
        { stop_reason: null, usage },
      ]) + done,
    progress: { ...stop, usage: counted },
  },
  {
    name: "Ollama, which sends the role every time",
    kind: "chat",
    stream:
      chunks({ ...openai, system_fingerprint: "fp_ollama" })(
        ...hello.map(([delta]) => [{ role: "assistant", ...delta }] as const),
        [{ role: "assistant", content: "" }, "stop"],
      ) + done,
    progress: stop,
  },
  {
    name: "DeepSeek, which thinks first",
    kind: "chat",
    stream:
      chunks(openai)(
        [{ role: "assistant", content: null, reasoning_content: "" }],
        [{ content: null, reasoning_content: "Hm" }],
        [{ content: null, reasoning_content: ", so." }],
        ...hello.slice(1),
        [{ content: "", reasoning_content: null }, "stop", { usage }],
      ) + done,
    progress: { ...stop, reasoning: "Hm, so.", textChars: 22, usage: counted },
  },
  {
    name: "Mistral, which thinks in parts of the content",
    kind: "chat",
    stream:
      chunks(mistral)(
        [{ role: "assistant", content: "" }],
        [{ content: [{ type: "thinking", thinking: [{ type: "text", text: "Hm" }] }] }],
        [{ content: [{ type: "text", text: "Yes" }] }],
        [{ content: "." }, "stop", { usage }],
      ) + done,
    progress: {
      text: "Yes.",
      reasoning: "Hm",
      finishReason: "stop",
      finishStoodAlone: false,
      usage: counted,
    },
  },
  {
    name: "Mistral, which writes blanks behind colons",
    kind: "chat",
    stream:
      spaced({ ...openai, choices: [{ index: 0, delta: { content: "a" } }] }) +
      spaced({ ...openai, choices: [{ index: 0, delta: { content: "b" } }] }) +
      done,
    progress: { text: "ab", isDone: true, finishReason: undefined },
  },
  {
    name: "Gemini, which sends the finish with the last text and no [DONE]",
    kind: "chat",
    stream: chunks({ object: "chat.completion.chunk", created: 1, model: "gemini-2.5-flash" })(
      [{ role: "assistant", content: "Hello" }],
      [{ role: "assistant", content: " world" }, "stop", { usage }],
    ),
    progress: {
      text: "Hello world",
      finishReason: "stop",
      finishStoodAlone: false,
      isDone: false,
      isFinished: true,
      usage: counted,
    },
  },
  {
    name: "OpenRouter, which comments while it waits",
    kind: "chat",
    stream: `: OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n${say(...hello)}${frame({ ...openai, choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: "stop", native_finish_reason: "STOP" }] })}${frame({ ...openai, choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }], usage })}${done}`,
    progress: { ...stop, usage: counted },
  },
  {
    name: "OpenRouter, which says its reasoning twice",
    kind: "chat",
    stream:
      chunks(openai)(
        [
          {
            role: "assistant",
            content: "",
            reasoning: "Hm",
            reasoning_details: [{ type: "reasoning.text", text: "Hm" }],
          },
        ],
        [{ content: "Yes" }],
        [{}, "stop"],
      ) + done,
    progress: { text: "Yes", reasoning: "Hm", textChars: 5 },
  },
  {
    name: "tool calls in fragments",
    kind: "chat",
    stream: say(...calling) + done,
    progress: { hasToolCalls: true, hasContent: true, text: "", finishReason: "tool_calls", textChars: 0 },
  },
  {
    name: "two tool calls at once",
    kind: "chat",
    stream:
      say(
        [
          {
            role: "assistant",
            tool_calls: [
              { index: 0, id: "a", function: { name: "f", arguments: "{}" } },
              { index: 1, id: "b", function: { name: "g", arguments: "{}" } },
            ],
          },
        ],
        [{}, "tool_calls"],
      ) + done,
    progress: { hasToolCalls: true, finishReason: "tool_calls" },
  },
  {
    name: "a function call of the old kind",
    kind: "chat",
    stream:
      say(
        [{ role: "assistant", content: null, function_call: { name: "f", arguments: "" } }],
        [{ function_call: { arguments: "{}" } }],
        [{}, "function_call"],
      ) + done,
    progress: { hasToolCalls: true, finishReason: "function_call" },
  },
  {
    name: "two choices, of which one ends first",
    kind: "chat",
    stream:
      choiceOf(0, role) +
      choiceOf(1, role) +
      choiceOf(0, { content: "a" }) +
      choiceOf(1, { content: "b" }) +
      choiceOf(0, {}, "stop") +
      choiceOf(1, { content: "c" }) +
      choiceOf(1, {}, "length") +
      done,
    progress: { choicesMax: 2, text: "a", textChars: 3, finishReason: "stop", isFinished: true },
  },
  {
    name: "two choices, of which one does not end",
    kind: "chat",
    stream: choiceOf(0, { content: "a" }) + choiceOf(1, { content: "b" }) + choiceOf(0, {}, "stop"),
    progress: { choicesMax: 2, finishReason: "stop", isFinished: false },
  },
  {
    name: "a refusal",
    kind: "chat",
    stream:
      say([{ role: "assistant", content: null, refusal: "" }], [{ refusal: "No" }], [{}, "stop"]) + done,
    progress: { text: "No", hasContent: true },
  },
  {
    name: "speech",
    kind: "chat",
    stream:
      say(
        [{ role: "assistant", audio: { id: "audio_1", transcript: "Hi" } }],
        [{ audio: { data: "AAAA" } }],
        [{}, "stop"],
      ) + done,
    progress: { hasMedia: true, isTextCut: true, hasContent: true, text: "" },
  },
  {
    name: "Groq, whose usage is its own",
    kind: "chat",
    stream: say(...hello, [{}, "stop", { x_groq: { id: "req_1", usage } }]) + done,
    progress: { ...stop, usage: counted },
  },
  {
    name: "finish reasons that are none",
    kind: "chat",
    stream: say([{ content: "a" }, ""], [{ content: "b" }, "null"], [{}, "length"]) + done,
    progress: { text: "ab", finishReason: "length" },
  },
  {
    name: "two ends",
    kind: "chat",
    stream: say([{ content: "a" }], [{}, "stop"], [{}, "stop"]) + done,
    progress: { text: "a", finishReason: "stop" },
    passes: say([{ content: "a" }], [{}, "stop"]) + done,
  },
  {
    name: "something behind the end",
    kind: "chat",
    stream: say([{ content: "a" }, "stop"]) + done + say([{ content: "lost" }]) + done,
    progress: { text: "a" },
    passes: say([{ content: "a" }, "stop"]) + done,
  },
  {
    name: "choices that are null, with usage",
    kind: "chat",
    stream: say([{ content: "a" }, "stop"]) + frame({ choices: null, usage }) + done,
    progress: { text: "a", usage: counted },
    passes: say([{ content: "a" }, "stop"]) + frame({ choices: [], usage }) + done,
  },
  {
    name: "a delta that is null at the end",
    kind: "chat",
    stream: say([{ content: "a" }], [null, "stop"]) + done,
    progress: { text: "a", finishReason: "stop" },
    passes:
      say([{ content: "a" }]) +
      frame({ ...openai, choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }] }) +
      done,
  },
  {
    name: "names, ids, waits and pings",
    kind: "chat",
    stream: `retry: 3000\n\nid: 1\nevent: message\ndata: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "a" } }] })}\n\nevent: ping\ndata: {"type":"ping"}\n\ndata: ping\n\n${done}`,
    progress: { text: "a", framesMalformed: 1 },
    passes: frame({ choices: [{ index: 0, delta: { content: "a" } }] }) + done,
  },
  {
    name: "the whole message again in the last frame",
    kind: "chat",
    stream:
      say([{ content: "ab" }]) +
      frame({
        ...openai,
        choices: [{ index: 0, message: { role: "assistant", content: "ab" }, finish_reason: "stop" }],
      }) +
      done,
    progress: { text: "ab", textChars: 2, finishReason: "stop" },
    passes:
      say([{ content: "ab" }]) +
      frame({ ...openai, choices: [{ index: 0, finish_reason: "stop", delta: {} }] }) +
      done,
  },
  {
    name: "a text completion",
    kind: "completion",
    stream: word("Hello") + word(" world") + word("", "length") + done,
    progress: { text: "Hello world", finishReason: "length", textChars: 11 },
  },
  {
    name: "the Responses API",
    kind: "response",
    stream:
      event("response.created", {
        sequence_number: 0,
        response: { ...response, status: "in_progress", usage: null },
      }) +
      piece("Hello", 1) +
      piece(" world", 2) +
      piece("!", 3) +
      event("response.output_text.done", { sequence_number: 4, text: "Hello world!" }) +
      event("response.completed", {
        sequence_number: 5,
        response: {
          ...response,
          status: "completed",
          output: [{ type: "message", content: [{ type: "output_text", text: "Hello world!" }] }],
          usage: { input_tokens: 9, output_tokens: 3 },
        },
      }),
    progress: {
      text: "Hello world!",
      textChars: 12,
      finishReason: "stop",
      isDone: true,
      usage: counted,
      model: "gpt-4.1",
    },
  },
  {
    name: "the Responses API, with a call and an end that came too early",
    kind: "response",
    stream:
      event("response.created", { response }) +
      event("response.output_item.added", { item: { type: "function_call", name: "f" } }) +
      event("response.function_call_arguments.delta", { delta: "{" }) +
      event("response.incomplete", {
        response: { ...response, status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
      }),
    progress: { hasToolCalls: true, hasContent: true, finishReason: "length", isDone: true },
  },
];
