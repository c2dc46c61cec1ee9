import { answerAsAsked, fail, page, type Call, type Reply } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage } from "./fault-stage.ts";
import { faces, goodText, judgeAlone, judgePast, v1Faces } from "./judge-fault.ts";
import { judge } from "./oracle.ts";

/** A provider that says the key aloud. */
const refuseKey =
  (status: number) =>
  (call: Call): Reply =>
    fail(status, {
      error: {
        message: `Incorrect API key provided: ${call.headers.authorization?.replace("Bearer ", "")}.`,
        type: "invalid_request_error",
        code: "invalid_api_key",
      },
    });

describe.each([401, 403])("U05: the upstream refuses our key (%i)", (status) => {
  it.each(faces)("U05: another one answers (%s)", async (face) => {
    await judgePast({ upstream: refuseKey(status), outcome: "auth" }, face);
  });

  it.each(faces)("U05: every key is refused: the caller's own is fine, and is told so (%s)", async (face) => {
    await judgeAlone({ upstream: refuseKey(status) }, face, { status: 502, code: "upstream_auth" });
  });

  it("U05: a refused key is not used again", async () => {
    await using stage = await setFaultStage({ upstreams: [refuseKey(status), answerAsAsked(goodText)] });
    for (let count = 0; count < 10; count++) {
      expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
    }
    expect(stage.upstreams[0]?.calls).toHaveLength(1);
  });

  it("U05: a second key of the same upstream goes on being used", async () => {
    const [refused, good] = ["sk-canary-refused-1b2c3d4e5f", "sk-canary-good-6a7b8c9d0e"];
    const reply = (call: Call) =>
      call.headers.authorization?.includes(refused) === true
        ? refuseKey(status)(call)
        : answerAsAsked(goodText)(call);
    await using stage = await setFaultStage({
      upstreams: [reply],
      entries: [{ sk: undefined, keys: [refused, good] }],
    });
    for (let count = 0; count < 6; count++) {
      expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
    }
    const used = stage.upstreams[0]?.calls.map(({ headers }) => headers.authorization) ?? [];
    expect(used.filter((header) => header?.includes(refused)).length).toBeLessThanOrEqual(1);
    expect(used.filter((header) => header?.includes(good))).toHaveLength(6);
  });
});

const faulty = (status: number) => ({
  error: {
    message: `the ${status} of the provider`,
    type: "invalid_request_error",
    param: "messages",
    code: "odd",
  },
});

describe.each([400, 404, 413, 422])("U06: the request is the caller's fault (%i)", (status) => {
  it.each(v1Faces)("U06: it is handed back as it is, and nobody else is asked (%s)", async (face) => {
    await using stage = await setFaultStage({
      upstreams: [fail(status, faulty(status)), answerAsAsked(goodText)],
    });
    const heard = await stage.ask({ stream: face === "stream" });
    expect(await judge(stage, heard, "")).toBe("refused");
    expect(heard.status).toBe(status);
    expect(heard.json).toEqual(faulty(status));
    expect(stage.upstreams.map(({ calls }) => calls.length)).toEqual([1, 0]);
  });

  it("U06: however often: the upstream is not taken out for it", async () => {
    await using stage = await setFaultStage({
      upstreams: [fail(status, faulty(status)), answerAsAsked(goodText)],
    });
    for (let count = 0; count < 25; count++) expect((await stage.ask()).status).toBe(status);
    stage.upstreams[0]?.setReply(answerAsAsked("from the first"));
    expect(await judge(stage, await stage.ask(), "from the first")).toBe("whole");
  });
});

describe("U06: a refusal that is the upstream's own matter", () => {
  it.each(v1Faces)("U06: a model that it does not have is asked for elsewhere (%s)", async (face) => {
    const upstream = fail(404, {
      error: { message: "The model `x` does not exist", code: "model_not_found" },
    });
    await judgePast({ upstream, outcome: "rejected" }, face);
  });

  it.each(v1Faces)("U06: a page that is no API is no refusal (%s)", async (face) => {
    const upstream = page("text/html", "<html><h1>404 Not Found</h1><hr>nginx</html>", 404);
    await judgePast({ upstream, outcome: "protocol_error" }, face);
  });

  it.each(v1Faces)("U06: what it says of itself is not passed on (%s)", async (face) => {
    const reply = (call: Call) =>
      fail(400, {
        error: { message: `bad request to ${call.headers.host} with ${call.headers.authorization}` },
      });
    await using stage = await setFaultStage({ upstreams: [reply] });
    const heard = await stage.ask({ stream: face === "stream" });
    expect(await judge(stage, heard, "")).toBe("refused");
    expect(heard.status).toBe(400);
    expect(heard.body).toContain("bad request to");
  });
});
