import { z } from "zod";

/** A kind of model server that people run on their own machine, and the port it listens on by itself. */
export type ModelServer = { readonly name: string; readonly port: number };

/** The model servers that are looked for. */
export const modelServers: readonly ModelServer[] = [
  { name: "ollama", port: 11_434 },
  { name: "lm-studio", port: 1_234 },
  { name: "vllm", port: 8_000 },
  { name: "llama.cpp", port: 8_080 },
];

/** A model server that answered. */
export type FoundModelServer = ModelServer & {
  readonly endpoint: string;
  readonly models: readonly string[];
};

const answerMs = 300;
const listBytesMax = 1_048_576;
const modelsMax = 1_000;

const modelListSchema = z.object({
  object: z.literal("list").optional(),
  data: z
    .array(
      z.object({
        id: z
          .string()
          .min(1)
          .max(256)
          .regex(/^\P{Cc}+$/u),
      }),
    )
    .min(1),
});

/** Asks every model server at once what it serves; whoever does not answer like one in time is not there. */
export async function findModelServers(servers: readonly ModelServer[]): Promise<FoundModelServer[]> {
  const found = await Promise.all(servers.map(findModelServer));
  return found.filter((server) => server !== undefined);
}

async function findModelServer(server: ModelServer): Promise<FoundModelServer | undefined> {
  const endpoint = `http://127.0.0.1:${server.port}/v1`;
  try {
    const signal = AbortSignal.timeout(answerMs);
    const response = await fetch(`${endpoint}/models`, { signal, redirect: "error" });
    const list = response.ok ? modelListSchema.safeParse(JSON.parse(await readBounded(response))) : undefined;
    if (list?.success !== true) return undefined;
    const models = [...new Set(list.data.data.map(({ id }) => id))].slice(0, modelsMax);
    return { ...server, endpoint, models };
  } catch {
    // Nobody listens there, or something that is no model server: both are the usual case.
    return undefined;
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > listBytesMax) throw new RangeError("The list of models is too long.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
