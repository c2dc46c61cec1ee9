import { graceMsMax, type OnDisconnect } from "@llm-backend/contract";
import { z } from "zod";

/** Documents the field; the procedure is what validates it. */
export const onDisconnectField = z
  .union([z.enum(["continue", "cancel"]), z.object({ grace_ms: z.int().min(0).max(graceMsMax) })])
  .optional()
  .meta({
    description:
      "What becomes of the answer when nobody follows it any more: it is written to its end (`continue`, the default), " +
      "stopped at once (`cancel`), or stopped when nobody comes back in time (`grace_ms`)",
  });

/** Reads the field in the words of the procedures; whatever it may be, they refuse what is none. */
export function readOnDisconnect(body: Readonly<Record<string, unknown>>): { onDisconnect?: OnDisconnect } {
  const given = body.on_disconnect;
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null || !("grace_ms" in given)) {
    return { onDisconnect: given as OnDisconnect };
  }
  const { grace_ms: graceMs, ...rest } = given;
  return { onDisconnect: { ...rest, graceMs } as OnDisconnect };
}
