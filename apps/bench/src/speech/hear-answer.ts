/** When the pieces of a spoken answer came, by `performance.now()`. */
export type HeardPieces = {
  readonly piecesAt: readonly number[];
  /** How long the sound is, in milliseconds. */
  readonly soundMs: number;
};

const pieceMs = 40;

/**
 * Asks for a spoken answer, and hears it to its end.
 *
 * @throws Error for an answer that is none, or not whole.
 */
export async function hearAnswer(url: string, token: string, question: string): Promise<HeardPieces> {
  const response = await fetch(`${url}/audio/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "fake-model", messages: [{ role: "user", content: question }] }),
  });
  if (!response.ok || response.body === null)
    throw new Error(`The answer is ${response.status}: ${await response.text()}`);
  const piecesAt: number[] = [];
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const now = performance.now();
    const frames = (rest + text).split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames) {
      if (frame.includes('"data":')) piecesAt.push(now);
      if (frame === "data: [DONE]") return { piecesAt, soundMs: piecesAt.length * pieceMs };
    }
  }
  throw new Error("The answer broke off.");
}
