import {
  answerAsAsked,
  createBlackHole,
  createFakeUpstream,
  createTestAuthority,
  createTestCertificate,
  findClosedPort,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage, silent, type StageUpstream } from "./fault-stage.ts";
import { faces, goodText, judgeAlone, judgePast } from "./judge-fault.ts";
import { judge } from "./oracle.ts";

const unavailable = { status: 502, code: "upstream_unavailable" };
const timeout = { status: 504, code: "upstream_timeout" };
const closedPort = async () => `http://127.0.0.1:${await findClosedPort()}/v1`;

describe("U01: nobody listens at the upstream's port", () => {
  it.each(faces)("U01: another one answers (%s)", async (face) => {
    await judgePast({ upstream: await closedPort(), outcome: "connect_failed" }, face);
  });

  it.each(faces)("U01: all refuse: the caller is told that nobody can answer (%s)", async (face) => {
    await judgeAlone({ upstream: await closedPort() }, face, unavailable);
  });

  it("U01: it costs less than 50 ms", async () => {
    await using stage = await setFaultStage({ upstreams: [await closedPort(), answerAsAsked(goodText)] });
    const times: number[] = [];
    for (let count = 0; count < 5; count++) times.push((await stage.ask()).totalMs);
    expect(Math.min(...times)).toBeLessThan(50);
  });
});

describe("U02: a black hole swallows every packet to the upstream", () => {
  it.each(faces)("U02: another one answers when the connect clock has run down (%s)", async (face) => {
    await using hole = await createBlackHole();
    const { heard } = await judgePast(
      { upstream: hole.url, entry: silent, outcome: "connect_timeout" },
      face,
    );
    if (heard !== undefined) expect(heard.totalMs).toBeLessThan(1500);
  });

  it("U02: all swallow: the caller is told that it took too long", async () => {
    await using hole = await createBlackHole();
    const { attempts } = await judgeAlone({ upstream: hole.url, entry: silent }, "stream", timeout);
    expect(attempts).toHaveLength(2);
  });
});

describe("U03: the upstream's name is not known", () => {
  const upstream = "http://nowhere.invalid/v1";

  it.each(faces)("U03: another one answers (%s)", async (face) => {
    await judgePast({ upstream, outcome: ["connect_failed", "connect_timeout"] }, face);
  });

  it("U03: none is known: the caller learns neither name nor reason", async () => {
    const refusal = { status: [502, 504], code: ["upstream_unavailable", "upstream_timeout"] };
    const { heard } = await judgeAlone({ upstream }, "stream", refusal);
    expect(heard?.body).not.toMatch(/invalid\b(?!_)|dns|getaddrinfo/i);
  });
});

describe("U04: the upstream's certificate is no good", () => {
  it("U04: expired, of another host, self-signed: no byte of a request goes out, and another one answers", async ({
    skip,
  }) => {
    const authority = await createTestAuthority();
    const own = await createTestCertificate("localhost");
    if (authority === undefined || own === undefined) return skip("no openssl on this machine");
    await using cleanup = new AsyncDisposableStack();
    cleanup.use(authority);
    const elsewhere = await authority.issue("elsewhere.test");
    const bad: Readonly<Record<string, StageUpstream>> = {
      expired: { tls: await authority.issue("localhost", { isExpired: true }) },
      "of-another-host": { tls: { ...elsewhere, name: "localhost" } },
      "self-signed": { tls: own },
    };
    const trusted: StageUpstream = {
      tls: await authority.issue("localhost"),
      reply: answerAsAsked("trusted"),
    };
    const models = [...Object.keys(bad), "trusted"];
    await using stage = await setFaultStage({
      upstreams: [...Object.values(bad), trusted, answerAsAsked(goodText)],
      entries: models.map((model) => ({ models: [model] })),
      ownProcess: { trustedAuthorities: authority.file },
    });
    for (const [index, model] of Object.keys(bad).entries()) {
      expect(await judge(stage, await stage.ask({ model }), goodText)).toBe("whole");
      expect(stage.upstreams[index]?.calls).toEqual([]);
      const attempts = stage.attempts().filter(({ upstream }) => upstream === `upstream-${index}`);
      expect(attempts.map(({ outcome }) => outcome)).toEqual(["connect_failed"]);
    }
    // The same way in with a good certificate: it is the certificate that was refused.
    expect(await judge(stage, await stage.ask({ model: "trusted" }), "trusted")).toBe("whole");
  });

  it("U04: alone, the caller is told that nobody can answer", async ({ skip }) => {
    const own = await createTestCertificate("localhost");
    if (own === undefined) return skip("no openssl on this machine");
    await using upstream = await createFakeUpstream({ tls: own });
    await judgeAlone({ upstream: upstream.url }, "stream", unavailable);
    expect(upstream.calls).toEqual([]);
  });
});
