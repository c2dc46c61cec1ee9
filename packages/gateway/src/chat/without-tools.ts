import type { WireMessage } from "@llm-backend/contract";
import type { ChatRequest } from "../ports.ts";

/** Tells whether a question offers tools, or tells of calls. */
export function hasTools({ messages, parameters }: Pick<ChatRequest, "messages" | "parameters">): boolean {
  const tools = parameters?.["tools"];
  return (
    (Array.isArray(tools) && tools.length > 0) ||
    messages.some(({ role, tool_calls: calls }) => role === "tool" || calls !== undefined)
  );
}

/** The question to a candidate that takes no tools: none are offered, and what was called before is told in words. */
export function withoutTools(request: ChatRequest): ChatRequest {
  const { tools: _, ...parameters } = request.parameters ?? {};
  const { parameters: __, ...rest } = request;
  return {
    ...rest,
    messages: toWords(request.messages),
    ...(request.parameters !== undefined && { parameters }),
  };
}

function toWords(messages: readonly WireMessage[]): WireMessage[] {
  const names = new Map<string, string>();
  const told: WireMessage[] = [];
  let results: string[] = [];
  for (const { tool_calls: calls = [], tool_call_id: callId = "", ...message } of messages) {
    if (message.role === "tool") {
      results.push(`[Result of ${names.get(callId) ?? "a tool"}]\n${toText(message)}`);
      // Many take nothing but turns: all results are one.
      if (results.length > 1) told.pop();
      told.push({ role: "user", content: results.join("\n\n") });
      continue;
    }
    results = [];
    for (const call of calls) names.set(call.id, call.function.name);
    const notes = calls.map(({ function: { name, arguments: input } }) => `[Called ${name} with ${input}]`);
    const said = [toText(message), notes.join("\n")].filter((text) => text !== "").join("\n\n");
    told.push(calls.length === 0 ? message : { ...message, content: said });
  }
  return told;
}

const toText = ({ content }: Pick<WireMessage, "content">): string =>
  typeof content === "string"
    ? content
    : content.map((part) => (part.type === "text" ? part.text : "")).join("");
