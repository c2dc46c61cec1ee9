import { percentile } from "../../statistics.ts";
import { atMost, never, told } from "../frame/figure.ts";
import type { Figure, Proof } from "../frame/proof.ts";
import { call } from "../stage/call.ts";
import { startProofServer } from "../stage/start-proof-server.ts";
import { createAttacker } from "./create-attacker.ts";
import type { HostileFace, HostileReply, HostileRequest } from "./hostile-request.ts";
import { openHostileSocket } from "./hostile-socket.ts";
import { judgeReply } from "./judge-reply.ts";
import { createMakers } from "./make-requests.ts";
import { toRawRequest } from "./raw-requests.ts";
import { sendHostile, sendRaw } from "./send-hostile.ts";
import { createFakeUpstreamInKind } from "./upstream-in-kind.ts";
import { pick } from "./wild-values.ts";

const lanes = 8;
const slowMs = 1000;

/** Requests that nobody should send. */
export const hostile: Proof = {
  name: "hostile",
  promise:
    "So many hostile requests to every face: made from the contract's schemas with something wild in them, bodies that " +
    "are no request, HTTP that is broken anywhere, and messages on WebSockets; as an administrator, as a user, and as " +
    "nobody.",
  unit: "requests",
  few: 2000,
  many: 100_000,
  async run({ n, random, progress }) {
    await using upstream = await createFakeUpstreamInKind();
    await using server = await startProofServer(upstream.url, { env: { LLM_BACKEND_LOG_FORMAT: "json" } });
    const { url } = server;
    const attacker = await createAttacker(server, random);
    const makers = await createMakers(attacker);
    const tally = createTally();
    let done = 0;
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        using socket = openHostileSocket(url, pick(random, attacker.tokens));
        while (done < n) {
          progress(++done);
          const kind = random();
          if (kind < 0.15) tally.add(rawRequest, await sendRaw(url, toRawRequest(random)));
          else if (kind < 0.25) tally.add(message, await socket.say(toMessage(makers, random)));
          else {
            const request = pick(random, makers)();
            tally.add(request, await sendHostile(url, request));
          }
        }
      }),
    );
    const crashes = (await call("GET", `${url}/readyz`).catch(() => ({ status: 0 }))).status === 200 ? 0 : 1;
    const errors = server.logLines.filter((line) => /"level":"(error|fatal)"/.test(line));
    return [
      ...tally.toFigures(),
      never("crashes", crashes),
      never("errors in the server's log", errors.map(toLine)),
    ];
  },
};

const rawRequest = { face: "raw HTTP", method: "", path: "" } as const;
const message = { face: "WebSocket", method: "", path: "" } as const;
const toLine = (line: string) => line.slice(0, 300);

/** A call as a message of the WebSocket face, with what a call over HTTP would say. */
function toMessage(makers: Awaited<ReturnType<typeof createMakers>>, random: () => number): string {
  const { path, body } = (makers[0] as () => HostileRequest)();
  const text = String(body ?? "null");
  if (random() < 0.2) return text;
  const method = pick(random, ["query", "mutation", "subscription", "subscription.stop", "nonsense"]);
  const name = path.slice("/trpc/".length).replace(/\?.*/, "");
  // A session of this socket is needed for the calls behind this one.
  const procedure = /logout|removeAll|deleteAccount/.test(name) ? "auth.me" : name;
  return `{"id":${Math.floor(random() * 1000)},"method":"${method}","params":{"path":"${procedure}","input":${text || "null"}}}`;
}

function createTally() {
  const faces = new Map<HostileFace, number>();
  const demanded = new Map<string, number>();
  const found = { failure: [] as string[], "off schema": [] as string[], "no reply": [] as string[] };
  const slow: string[] = [];
  const times: number[] = [];
  return {
    add(request: Pick<HostileRequest, "face" | "method" | "path">, reply: HostileReply): void {
      const { face, method, path } = request;
      faces.set(face, (faces.get(face) ?? 0) + 1);
      times.push(reply.ms);
      if (reply.ms > slowMs) slow.push(`${face} ${method} ${path.slice(0, 80)}: ${reply.ms.toFixed(0)} ms`);
      const verdict = judgeReply(request, reply);
      if (verdict.kind === "demanded") demanded.set(verdict.name, (demanded.get(verdict.name) ?? 0) + 1);
      else if (verdict.kind !== "fine") found[verdict.kind].push(`${face} ${verdict.what}`);
    },
    toFigures(): Figure[] {
      return [
        told("requests", toList(faces)),
        never("5xx but those below", found.failure),
        told("502, 503 and 504 that the contract asks for", toList(demanded)),
        never("replies off schema", found["off schema"]),
        never("no reply", found["no reply"]),
        never(`slower than ${slowMs / 1000} s`, slow),
        told(
          "until a reply is whole: p50, p99",
          `${percentile(times, 50).toFixed(1)} ms, ${percentile(times, 99).toFixed(1)} ms`,
        ),
        atMost("until a reply is whole: longest", Math.max(0, ...times), { max: slowMs, unit: "ms" }),
      ];
    },
  };
}

const toList = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([name, count]) => `${name} ${count.toLocaleString("en")}`).join(", ") || "none";
