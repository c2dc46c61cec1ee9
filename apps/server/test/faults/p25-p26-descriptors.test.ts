import { readdir } from "node:fs/promises";
import type { Socket } from "node:net";
import { finish, role, say, wait } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { openSocket } from "../callers/raw-request.ts";
import { isFullSize } from "./full-size.ts";
import {
  hostTestMs,
  findProgram,
  judgeHost,
  needs,
  setHostStage,
  untilAtLast,
  type HostStage,
} from "./host-stage.ts";
import { goodText } from "./judge-fault.ts";
import { judgeEnding } from "./oracle.ts";

const bash = findProgram("bash");
const needsDescriptors = needs(bash !== undefined && process.platform === "linux", "bash and /proc");

/** Starts a program with so many descriptors, and no way to more. */
const withDescriptors = (count: number): [string, ...string[]] => [
  bash ?? "bash",
  "-c",
  `ulimit -n ${count} && exec "$@"`,
  "bash",
];

const countDescriptors = async ({ backend }: HostStage) => (await readdir(`/proc/${backend.pid}/fd`)).length;

describe("P25: the descriptors are used up", needsDescriptors, () => {
  it(
    "P25: new work is refused, what is under way goes on, and all is well when there are some again",
    async () => {
      await using stage = await setHostStage({
        startedBy: withDescriptors(256),
        reply: { steps: [role(), say("Half"), wait("rest"), say(" and half"), finish()] },
      });
      const underWay = Array.from({ length: 5 }, () => stage.ask());
      await until(() => stage.upstream.calls.length === 5, "streams are under way");
      const sockets: Socket[] = [];
      let closed = 0;
      for (let index = 0; index < 400; index++) {
        const socket = await openSocket(stage.backend.url);
        socket.once("close", () => closed++);
        socket.resume();
        sockets.push(socket);
      }
      await until(() => closed > 100, "those that are too many are let go");
      expect(await countDescriptors(stage)).toBeLessThan(256);
      // One of the connections that are there asks.
      const kept = sockets.find((socket) => !socket.destroyed);
      let answered = "";
      kept?.on("data", (bytes: Buffer) => (answered += bytes.toString()));
      kept?.write("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      await until(() => answered.includes('"overloaded"'), "it is refused");
      expect(answered).toMatch(/^HTTP\/1\.1 503 /);
      expect(answered).toMatch(/^retry-after: \d+/im);
      stage.upstream.open("rest");
      for (const heard of await Promise.all(underWay))
        expect([judgeEnding(heard, []), heard.text]).toEqual(["whole", "Half and half"]);

      for (const socket of sockets) socket.destroy();
      stage.upstream.setReply({ steps: [role(), say(goodText), finish()] });
      await judgeHost(stage);
      expect(await stage.metric("requests_shed_total", { reason: "descriptors" })).toBeGreaterThan(100);
      expect(stage.logged("descriptors are short").length).toBeLessThan(5);
    },
    hostTestMs,
  );
});

describe("P26: many streams are open", needsDescriptors, () => {
  const streams = isFullSize ? 2_000 : 100;

  it(
    `P26: ${streams} of them take two descriptors each, and all come to their end`,
    async () => {
      await using stage = await setHostStage({
        reply: { steps: [role(), say("Half"), wait("rest"), say(" and half"), finish()] },
      });
      const before = await countDescriptors(stage);
      const asking = Array.from({ length: streams }, () => stage.ask());
      await untilAtLast(() => stage.upstream.calls.length === streams, "all streams are open");
      const taken = (await countDescriptors(stage)) - before;
      expect(taken).toBeGreaterThanOrEqual(2 * streams - 10);
      expect(taken).toBeLessThanOrEqual(2 * streams + 10);
      expect(await stage.metric("descriptors_max")).toBeGreaterThan(2 * streams);
      stage.upstream.open("rest");
      for (const heard of await Promise.all(asking)) {
        expect([judgeEnding(heard, []), heard.text]).toEqual(["whole", "Half and half"]);
      }
      stage.upstream.setReply({ steps: [role(), say(goodText), finish()] });
      await judgeHost(stage);
    },
    hostTestMs,
  );
});
