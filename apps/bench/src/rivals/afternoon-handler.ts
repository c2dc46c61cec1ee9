/**
 * What one would write in an afternoon: a Fastify route that asks through the `openai` package and writes each chunk on.
 * `node afternoon-handler.ts <upstream port>` prints its port and ends with its standard input.
 */
import Fastify from "fastify";
import OpenAI from "openai";

const openai = new OpenAI({
  apiKey: "sk-of-the-afternoon",
  baseURL: `http://127.0.0.1:${process.argv[2]}/v1`,
});
const app = Fastify();

type ChatBody = OpenAI.ChatCompletionCreateParams;

app.post<{ Body: ChatBody }>("/v1/chat/completions", async (request, reply) => {
  const { body } = request;
  if (body.stream !== true) return openai.chat.completions.create(body);
  const stream = await openai.chat.completions.create(body);
  reply.hijack();
  reply.raw.writeHead(200, { "content-type": "text/event-stream" });
  for await (const chunk of stream) reply.raw.write(`data: ${JSON.stringify(chunk)}\n\n`);
  reply.raw.end("data: [DONE]\n\n");
  return reply;
});

const url = await app.listen({ port: 0, host: "127.0.0.1" });
process.stdout.write(`${JSON.stringify({ port: Number(new URL(url).port) })}\n`);
process.stdin.resume().once("end", () => void app.close());
