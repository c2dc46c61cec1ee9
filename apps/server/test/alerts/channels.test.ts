import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { change, createStage, failedCall } from "./alert-stage.ts";
import { startReceiver } from "./receiver.ts";

const secretPath = "/hook/0a1b2c-secret";

describe("Feishu", () => {
  it("gets a text message", async () => {
    const { url, received } = await startReceiver(() => ({ body: '{"code":0,"msg":"success"}' }));
    const { alerts, ended, logged } = createStage({ feishuWebhook: url + secretPath });
    alerts.healthChanged(change("closed", "open"));
    await alerts.idle();
    expect(received[0]).toMatchObject({ method: "POST", path: secretPath });
    expect(received[0]?.headers["content-type"]).toContain("application/json");
    expect(received[0]?.body).toEqual({
      msg_type: "text",
      content: { text: "[edge-1] Upstream main was taken out: 5 failures in a row" },
    });
    expect([ended, logged]).toEqual([["feishu sent"], []]);
  });

  it("that refuses with 200 and a code has not been told", async () => {
    const { url } = await startReceiver(() => ({ body: '{"code":19024,"msg":"Key Words Not Found"}' }));
    const { alerts, ended, logged } = createStage({ feishuWebhook: url });
    alerts.requestEnded(failedCall());
    await alerts.idle();
    expect(ended).toEqual(["feishu failed"]);
    expect(logged).toEqual([
      {
        fields: { channel: "feishu", reason: "it answered with code 19024" },
        message: "An alert was not sent: it answered with code 19024",
      },
    ]);
  });
});

describe("Matrix", () => {
  it("gets a message in the room, with the account's token, that mentions nobody", async () => {
    const { url, received } = await startReceiver();
    const matrix = { homeserver: `${url}/`, room: "!abc:matrix.example", token: "syt_token" };
    const { alerts } = createStage({ matrix });
    alerts.healthChanged(change("closed", "open"));
    alerts.requestEnded(failedCall());
    await alerts.idle();
    const room = "/_matrix/client/v3/rooms/!abc%3Amatrix.example/send/m.room.message/";
    expect(received.map(({ method, path = "" }) => [method, path.slice(0, room.length)])).toEqual([
      ["PUT", room],
      ["PUT", room],
    ]);
    expect(received[0]?.path).not.toBe(received[1]?.path);
    expect(received[0]?.headers.authorization).toBe("Bearer syt_token");
    expect(received[0]?.body).toMatchObject({ msgtype: "m.text", "m.mentions": {} });
  });

  it("gets what the earlier gateway posted to MATRIX_API", async () => {
    const { url, received } = await startReceiver();
    const { alerts } = createStage({ matrixApi: `${url}/send?access_token=t` });
    alerts.requestEnded(failedCall());
    await alerts.idle();
    expect(received[0]).toMatchObject({ method: "POST", path: "/send?access_token=t" });
    expect(received[0]?.body).toMatchObject({
      message: "m.text",
      body: expect.stringContaining("A call failed"),
    });
  });
});

describe("several channels", () => {
  it("are told each, whatever becomes of the others", async () => {
    const good = await startReceiver();
    const bad = await startReceiver(() => ({ status: 500 }));
    const { alerts, ended, logged } = createStage({ feishuWebhook: bad.url, webhook: good.url });
    alerts.requestEnded(failedCall());
    await alerts.idle();
    expect([good.received.length, bad.received.length]).toEqual([1, 1]);
    expect(ended.toSorted((a, b) => a.localeCompare(b))).toEqual(["feishu failed", "webhook sent"]);
    expect(logged.map(({ message }) => message)).toEqual(["An alert was not sent: it answered 500"]);
  });

  it("are none: nothing happens, and nothing is kept", async () => {
    const { alerts, ended, clock } = createStage({});
    alerts.requestEnded(failedCall());
    alerts.healthChanged(change("closed", "open"));
    clock.pass(600_000);
    await alerts.idle();
    expect(ended).toEqual([]);
  });
});

describe("a channel that is broken", () => {
  /** Starts a server, and closes it again: a port where nobody listens. */
  async function findDeadUrl(): Promise<string> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return `http://127.0.0.1:${port}${secretPath}`;
  }

  it("costs one line in the log, without its URL", async () => {
    const { alerts, logged } = createStage({ webhook: await findDeadUrl() });
    alerts.requestEnded(failedCall());
    await alerts.idle();
    expect(logged).toHaveLength(1);
    expect(logged[0]?.message).toContain("ECONNREFUSED");
    expect(JSON.stringify(logged)).not.toContain("0a1b2c");
  });

  it("that never answers is given up", async () => {
    const { url } = await startReceiver(() => undefined);
    const { alerts, logged } = createStage({ webhook: url }, 50);
    alerts.requestEnded(failedCall());
    await alerts.idle();
    expect(logged.map(({ message }) => message)).toEqual([
      "An alert was not sent: it did not answer in time",
    ]);
  });

  it("is not followed to another place", async () => {
    const other = await startReceiver();
    const { url } = await startReceiver(() => ({ status: 307, headers: { location: other.url } }));
    const { alerts, ended } = createStage({ webhook: url });
    alerts.requestEnded(failedCall());
    await alerts.idle();
    expect([ended, other.received]).toEqual([["webhook failed"], []]);
  });

  it("has so many messages wait at most; the others are dropped and said to be", async () => {
    const { url, received } = await startReceiver(() => undefined);
    const { alerts, ended, clock } = createStage({ webhook: url });
    for (let index = 0; index < 100; index++) {
      alerts.healthChanged({ ...change("closed", "open"), upstreamId: `ups_${index}` });
    }
    expect(ended).toEqual(Array.from({ length: 68 }, () => "webhook dropped"));
    // Whoever stops does not wait for it for ever.
    const closed = alerts.close();
    clock.pass(2_000);
    await closed;
    expect(received.length).toBeLessThan(3);
    expect(ended.filter((end) => end === "webhook failed")).toHaveLength(32);
  });

  it("is told nothing after the end", async () => {
    const { url, received } = await startReceiver();
    const { alerts, clock } = createStage({ webhook: url });
    alerts.requestEnded(failedCall());
    alerts.requestEnded(failedCall());
    await alerts.close();
    clock.pass(600_000);
    alerts.requestEnded(failedCall());
    await alerts.idle();
    expect(received).toHaveLength(1);
  });
});
