import type { KnowledgeHits } from "@llm-backend/contract";
import { answer, buildProgram, createFakeUpstream, spawnBackend } from "@llm-backend/testing";
import { beforeAll, expect, it } from "vitest";
import { createConversation, readHistory, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { fillBase } from "../knowledge/knowledge-stage.ts";
import { createPdf } from "../knowledge/small-pdf.ts";
import { callerToken } from "../openai/openai-stage.ts";
import { atOnce, askAudio } from "../voice/audio-stage.ts";

/** What all other tests run from its sources is here the program that operators start. */
const program = "built";

beforeAll(buildProgram, 60_000);

/** A page whose text can be read only with a character map of the package that reads it. */
function createMappedPdf(text: string): Buffer {
  const codes = Buffer.from(text, "utf16le").swap16().toString("hex");
  const font =
    "/Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [<< " +
    "/Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light " +
    "/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>]";
  const plain = createPdf(["_".repeat(codes.length)]).toString("latin1");
  // The places in its table are wrong then; readers look for the objects themselves.
  return Buffer.from(
    plain.replace("/Type /Font /Subtype /Type1 /BaseFont /Helvetica", font).replace(/\(_+\)/, `<${codes}>`),
    "latin1",
  );
}

it("answers, reads documents and speaks: every process that it starts finds what it needs", async () => {
  await using upstream = await createFakeUpstream({ reply: () => answer("Well said.") });
  await using backend = await spawnBackend({
    upstreams: [upstream.url],
    config: { authorization: callerToken, speech: atOnce },
    program,
  });
  const rest = await registerUser(backend.url);
  const trpc = createTrpcCaller(backend.url, rest.token);
  const conversationId = await createConversation(rest);
  const frames = await (await rest.post(`/api/chat/${conversationId}`, { message: "Well?" })).text();
  expect(frames).toContain('{"event":"full_response","data":"Well said."}');
  expect((await readHistory(rest, conversationId)).at(-1)?.content).toBe("Well said.");

  const [baseId] = await fillBase({ rest, trpc }, [
    { name: "trips.md", content: "# Hotels\n\nA hotel in Zurich may cost 210 euros." },
    { name: "page.html", content: "<main><h1>Trains</h1><p>Trains leave at seven.</p></main>" },
    { name: "list.csv", content: "city,price\nOslo,180\n" },
    { name: "list.json", content: '{"ferry":{"leaves":"at nine"}}' },
    { name: "one.pdf", content: createPdf(["The museum opens at ten."]) },
    { name: "maps.pdf", content: createMappedPdf("北京办公室上午八点开门") },
  ]);
  const find = async (text: string) =>
    (await trpc.query<KnowledgeHits>("knowledge.search", { text, baseIds: [baseId] })).passages[0]
      ?.documentName;
  expect(await find("hotel Zurich")).toBe("trips.md");
  expect(await find("museum")).toBe("one.pdf");
  expect(await find("北京办公室")).toBe("maps.pdf");

  const heard = await askAudio(backend.url);
  expect(heard.transcript).toBe("Well said.");
  expect(heard.samples.length).toBeGreaterThan(4000);
  expect(await backend.kill("SIGTERM")).toBe(0);
}, 60_000);

it("serves with several workers", async () => {
  await using upstream = await createFakeUpstream({ reply: () => answer("Well said.") });
  await using backend = await spawnBackend({ upstreams: [upstream.url], config: { workers: 2 }, program });
  const rest = await registerUser(backend.url);
  for (let turn = 0; turn < 4; turn++) {
    const conversationId = await createConversation(rest);
    const frames = await (await rest.post(`/api/chat/${conversationId}`, { message: "Well?" })).text();
    expect(frames).toContain('{"event":"full_response","data":"Well said."}');
  }
  const ready = (await (await fetch(`${backend.url}/readyz`)).json()) as { readonly checks?: unknown };
  expect(JSON.stringify(ready)).toMatch(/"workers":/);
  expect(await backend.kill("SIGTERM")).toBe(0);
}, 60_000);
