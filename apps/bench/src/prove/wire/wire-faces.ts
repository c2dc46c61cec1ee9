import { restFace } from "./rest-face.ts";
import { trpcFace } from "./trpc-face.ts";
import { websocketFace } from "./websocket-face.ts";
import type { WireFace } from "./wire-face.ts";

/** Every way to read an answer. */
export const wireFaces: readonly WireFace[] = [restFace, trpcFace, websocketFace];
