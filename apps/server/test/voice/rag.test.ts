import { operator } from "@llm-backend/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerUser, type RestCaller } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { callerToken } from "../openai/openai-stage.ts";
import { readRecords, setVoiceStage, type VoiceStage } from "./voice-stage.ts";

const sentences = ["Einen Moment.", "One moment."];
const question = { messages: [{ role: "user", content: "How much is the green tea?" }] };

let stage: VoiceStage;
let owner: RestCaller;
let baseId: string;
let key: string;

async function createKey(user: RestCaller): Promise<string> {
  const made = await createTrpcCaller(stage.backend.url, user.token).mutate<{ secret: string }>(
    "key.create",
    {
      name: "engine",
    },
  );
  return made.secret;
}
