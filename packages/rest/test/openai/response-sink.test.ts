import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createResponseSink } from "../../src/openai/response-sink.ts";

/** A response on its way to a reader. */
async function openResponse() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const asked = once(server, "request") as Promise<[IncomingMessage, ServerResponse]>;
  const sent = request({ port, host: "127.0.0.1" }).end();
  const [, response] = await asked;
  return {
    response,
    /** All that the reader got. */
    async read(): Promise<string> {
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      return Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>)).toString();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const stream = { "content-type": "text/event-stream; charset=utf-8" };
const later = () => performance.now() + 60_000;

test.each([
  ["", "data: a\n\n", ": ping\n\n"],
  ["in the middle of a line", "data: a\n\ndata: hal", ""],
  ["between two lines of one event", "event: a\n", ""],
  ["with the line ends of Windows", "data: a\r\n\r\n", ": ping\n\n"],
  ["after half of such a line end", "data: a\r\n", ""],
])("a silent stream is kept open, but only between two events: %s", async (_name, said, pinged) => {
  await using opened = await openResponse();
  const sink = createResponseSink(opened.response, { headers: {} });
  const read = opened.read();
  sink.head(200, stream);
  sink.write(Buffer.from(said));
  sink.ping(later(), 1000);
  sink.end();
  expect(await read).toBe(said + pinged);
});

test("a body of a known length is kept as it is", async () => {
  await using opened = await openResponse();
  const sink = createResponseSink(opened.response, { headers: {} });
  const read = opened.read();
  const said = "data: a\n\n";
  sink.head(200, { ...stream, "content-length": String(said.length) });
  sink.write(Buffer.from(said.slice(0, 4)));
  sink.write(Buffer.from(said.slice(4)));
  sink.ping(later(), 1000);
  sink.end();
  expect(await read).toBe(said);
});
