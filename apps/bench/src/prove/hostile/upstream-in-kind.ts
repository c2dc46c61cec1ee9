import {
  answerAsAsked,
  asksForStream,
  createFakeUpstream,
  page,
  response,
  responseStream,
  type Call,
  type FakeUpstream,
  type Reply,
} from "@llm-backend/testing";

const text = "Hello";
const toAnswer = answerAsAsked(text);

/** An upstream that answers chats, completions and responses as asked, and everything else with a document. */
export function createFakeUpstreamInKind(): Promise<FakeUpstream> {
  return createFakeUpstream({ logsModelLists: false, reply: toReply });
}

function toReply(call: Call): Reply {
  if (call.path.endsWith("completions")) return toAnswer(call);
  if (call.path.endsWith("/responses")) return asksForStream(call) ? responseStream([text]) : response(text);
  return page("application/json", '{"object":"list","data":[]}');
}
