import { setTimeout as delay } from "node:timers/promises";
import { join, silence } from "../wire/heard.ts";
import { listen } from "../wire/listen.ts";
import { restFace } from "../wire/rest-face.ts";
import type { Reader } from "./reader.ts";

const retryMs = 100;
const triesMax = 300;

/**
 * Readers of REST, as its documentation tells them: the same `Idempotency-Key` again until there is an answer, then
 * `Last-Event-ID`.
 */
export function createRestReader(place: { readonly url: string; readonly token: string }): Reader {
  return {
    name: "REST",
    async ask({ conversationId, requestId, message, onOpen }) {
      const given = { ...place, conversationId, requestId, message };
      let heard = silence;
      let isOpen = false;
      for (let reconnects = 0; reconnects < triesMax; reconnects++) {
        const { runId, lastEventId } = heard;
        const say =
          runId === undefined || lastEventId === undefined
            ? restFace.send(given)
            : restFace.follow({ ...given, runId, lastEventId });
        const onHeard = (text: string) => {
          if (isOpen || text === "") return;
          isOpen = true;
          onOpen();
        };
        const { heard: more } = await listen({ url: place.url, face: restFace, say, onHeard });
        // A server that is about to go says 503: the next one will answer.
        const isLater = more.end === "refused" && more.reason.startsWith("503 ");
        if (!isLater) heard = join(heard, more);
        const { end, text, endings, reason } = heard;
        if (end === "refused" || end === "failed") throw new Error(`REST ${end}: ${reason}`);
        if (end !== undefined) return { text, end, endings, reconnects };
        await delay(retryMs * (0.5 + Math.random()));
      }
      throw new Error(`REST: no ending after ${triesMax} tries.`);
    },
  };
}
