import { answerAsAsked, createFakeUpstream, page, type FakeUpstream } from "@llm-backend/testing";

/** An upstream that answers chats and completions as asked, and everything else with a document. */
export function createFakeUpstreamInKind(): Promise<FakeUpstream> {
  const answer = answerAsAsked("Hello");
  return createFakeUpstream({
    logsModelLists: false,
    reply: (call) =>
      call.path.endsWith("completions")
        ? answer(call)
        : page("application/json", '{"object":"list","data":[]}'),
  });
}
