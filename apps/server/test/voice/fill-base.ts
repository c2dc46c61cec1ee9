import { until } from "../callers/chat-stage.ts";
import { registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import type { VoiceStage } from "./voice-stage.ts";

const prices = "# Prices\n\nGreen tea costs four francs. Black tea costs three francs.\n";

/** Gives a new user a base with the prices of a tea shop, and a key. */
export async function fillBase(
  { backend }: VoiceStage,
  fields: { readonly embeddingModel?: string } = {},
): Promise<{ baseId: string; secret: string }> {
  const owner = createTrpcCaller(backend.url, (await registerUser(backend.url)).token);
  const { secret } = await owner.mutate<{ secret: string }>("key.create", { name: "engine" });
  const { userId, username } = await owner.query<{ userId: number; username: string }>("auth.me");
  const viewer = { userId, username, role: "user", sessionId: "" } as const;
  const { knowledge } = backend.server.backend.services;
  const { baseId } = await knowledge.bases.create(viewer, { name: "Tea shop", ...fields });
  const body = (async function* () {
    yield Buffer.from(prices);
  })();
  const { document } = await knowledge.documents.upload(viewer, {
    name: "prices.md",
    body,
    readBaseId: () => baseId,
  });
  const ref = { baseId, documentId: document.documentId };
  await until(async () => (await knowledge.documents.get(viewer, ref)).isSearchable, "the document is read");
  return { baseId, secret };
}
