import { cut, fail, page, response, responseStream, responseToolCall } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setStage, type OpenAiStage } from "./openai-stage.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const asked = { model: "fake-model", input: "Hi" };

describe("responses of the official client", () => {
  it("are answered whole", async () => {
    stage.upstream.setReply(response("Hello world"));
    const { output_text, usage, status } = await stage.client().responses.create({ ...asked, store: false });
    expect([output_text, usage?.total_tokens, status]).toEqual(["Hello world", 18, "completed"]);
    expect(stage.upstream.calls.at(-1)?.bodyText).toBe(JSON.stringify({ ...asked, store: false }));
  });

  it("are streamed, event by event, each with its name", async () => {
    stage.upstream.setReply(responseStream(["Hello", " world"]));
    const stream = await stage.client().responses.create({ ...asked, stream: true });
    const events = await Array.fromAsync(stream);
    expect(events.map(({ type }) => type)).toEqual([
      "response.created",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(events.map((one) => one.sequence_number)).toEqual(events.map((_, index) => index));
  });

  it("are put together by the client's helper", async () => {
    stage.upstream.setReply(responseStream(["Hello", " world"]));
    const final = await stage.client().responses.stream(asked).finalResponse();
    expect([final.output_text, final.usage?.output_tokens]).toEqual(["Hello world", 7]);
  });

  it("call tools", async () => {
    stage.upstream.setReply(responseToolCall("get_weather", '{"city":"Łódź"}'));
    const { output } = await stage.client().responses.create(asked);
    expect(output).toMatchObject([{ type: "function_call", arguments: '{"city":"Łódź"}' }]);
  });

  it("are looked up, cancelled and deleted by their names", async () => {
    stage.upstream.setReply(response("Hello world"));
    const { responses } = stage.client();
    expect((await responses.retrieve("resp_1")).output_text).toBe("Hello world");
    await responses.cancel("resp_1");
    expect(stage.upstream.calls.at(-1)).toMatchObject({
      method: "POST",
      path: "/v1/responses/resp_1/cancel",
    });
    stage.upstream.setReply({ ...page("application/json", ""), status: 200 });
    await responses.delete("resp_1");
    expect(stage.upstream.calls.at(-1)).toMatchObject({ method: "DELETE", path: "/v1/responses/resp_1" });
  });

  it("end with an error of the client's when they break off", async () => {
    const { steps } = responseStream(["Hello", " world"]) as { steps: readonly never[] };
    stage.upstream.setReply({ steps: [...steps.slice(0, 4), cut()] });
    const said: string[] = [];
    const reading = (async () => {
      for await (const one of await stage.client().responses.create({ ...asked, stream: true }))
        if (one.type === "response.output_text.delta") said.push(one.delta);
    })();
    await expect(reading).rejects.toThrow(/broke off/);
    expect(said).toEqual(["Hello"]);
  });

  it("are refused in the upstream's words", async () => {
    stage.upstream.setReply(
      fail(400, {
        error: { message: "Bad input", type: "invalid_request_error", param: "input", code: "odd" },
      }),
    );
    await expect(stage.client().responses.create(asked)).rejects.toMatchObject({
      status: 400,
      param: "input",
      code: "odd",
    });
  });
});
