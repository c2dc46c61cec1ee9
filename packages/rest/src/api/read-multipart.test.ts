import { DomainError } from "@llm-backend/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMultipart } from "./read-multipart.ts";

type Read = { name: string; fileName: string | undefined; bytes: Buffer };

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array, void> {
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function readForm(bytes: Buffer, contentType: string, sizes: readonly number[] = [7]): Promise<Read[]> {
  const parts: Read[] = [];
  for await (const { name, fileName, body } of readMultipart(cut(bytes, sizes), contentType)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    parts.push({ name, fileName, bytes: Buffer.concat(chunks) });
  }
  return parts;
}

async function encode(form: FormData): Promise<{ bytes: Buffer; contentType: string }> {
  const response = new Response(form);
  const contentType = response.headers.get("content-type") ?? "";
  return { bytes: Buffer.from(await response.arrayBuffer()), contentType };
}

const toCode = (error: unknown) => (DomainError.is(error) ? error.code : error);
const type = "multipart/form-data; boundary=x";

describe("a form", () => {
  it("comes out as it was put in, however it is cut on its way", async () => {
    const field = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/\r\n|\r|\n/g, "\r\n"));
    await fc.assert(
      fc.asyncProperty(
        field,
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
        async (text, file, sizes) => {
          const form = new FormData();
          form.append("kb_id", text);
          form.append("file", new Blob([file]), '报告 "1".pdf');
          const { bytes, contentType } = await encode(form);
          expect(await readForm(bytes, contentType, sizes)).toEqual([
            { name: "kb_id", fileName: undefined, bytes: Buffer.from(text.toWellFormed()) },
            { name: "file", fileName: '报告 "1".pdf', bytes: Buffer.from(file) },
          ]);
        },
      ),
    );
  });

  it("may say more around its parts than it has to, and name files in other ways", async () => {
    const bytes = Buffer.from(
      'before\r\n--x  \r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=a; filename="C:\\\\b\\\\c.txt"\r\n' +
        "\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"b\"; filename=no; filename*=UTF-8''%E4%BA%8C.md\r\n" +
        "\r\n\r\n--x--\r\nbehind",
    );
    expect(await readForm(bytes, 'Multipart/Form-Data; charset=utf-8; boundary="x"')).toEqual([
      { name: "a", fileName: "c.txt", bytes: Buffer.from("1") },
      { name: "b", fileName: "二.md", bytes: Buffer.alloc(0) },
    ]);
  });

  it("goes on behind a part that nobody has read", async () => {
    const form = new FormData();
    form.append("file", new Blob(["much".repeat(1000)]), "a.txt");
    form.append("kb_id", "1");
    const { bytes, contentType } = await encode(form);
    const names: string[] = [];
    for await (const { name } of readMultipart(cut(bytes, [50]), contentType)) names.push(name);
    expect(names).toEqual(["file", "kb_id"]);
  });

  it("lets go of its source when it is left in the middle of a part", async () => {
    let isLeft = false;
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      try {
        yield Buffer.from("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n");
        for (;;) yield Buffer.from("more");
      } finally {
        isLeft = true;
      }
    }
    for await (const { body } of readMultipart(endless(), type)) {
      for await (const chunk of body) if (chunk.length > 0) break;
      break;
    }
    expect(isLeft).toBe(true);
  });

  it.each([
    ["has no end", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1"],
    ["has no boundary", "nothing"],
    ["is empty", ""],
    ["has a part without a name", "--x\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--"],
    ["has a part without a head", "--x\r\n\r\n1\r\n--x--"],
    ["has more in front of its parts than a head has", `${"a".repeat(20_000)}\r\n--x--`],
    ["has a head without an end", `--x\r\n${"a: b\r\n".repeat(10_000)}`],
    ["has parts without an end", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n".repeat(200)],
  ])("is refused that %s", async (_how, text) => {
    expect(toCode(await readForm(Buffer.from(text), type, [1000]).catch((error: unknown) => error))).toBe(
      "invalid_input",
    );
  });

  it.each(["application/json", "multipart/form-data", "multipart/mixed; boundary=x", ""])(
    "is not what is called %j",
    async (contentType) => {
      const failure = await readForm(Buffer.from("--x--"), contentType).catch((error: unknown) => error);
      expect(toCode(failure)).toBe("unsupported_media_type");
    },
  );

  it("is given up by a sender who breaks off", async () => {
    async function* breaking(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from("--x\r\nContent-Disp");
      throw new Error("aborted");
    }
    const failure = await readMultipart(breaking(), type)
      .next()
      .catch((error: unknown) => error);
    expect(toCode(failure)).toBe("cancelled");
  });
});
