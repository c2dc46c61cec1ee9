/** Reads a body to its end; leaving early cancels it. Not every browser can iterate a stream by itself. */
export async function* readBody(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // A body that is broken cannot be cancelled, and has nothing left to release.
    reader.cancel().catch(() => undefined);
  }
}
