/** What the synthesiser's process is asked for: one line of JSON each. */
export type SynthesisRequest = {
  readonly id: number;
  readonly text: string;
  readonly voice: string;
  /** Words a minute. */
  readonly speed: number;
};

/** What it answers: for each request sound, and then its end or a failure. */
export type SynthesisFrame =
  | { readonly type: "ready"; readonly rate: number }
  | { readonly type: "sound"; readonly id: number; readonly samples: Int16Array }
  | { readonly type: "end"; readonly id: number }
  | { readonly type: "failure"; readonly id: number; readonly message: string };

/** Type, number of the request, bytes behind the head. */
const headBytes = 9;
const types = ["ready", "sound", "end", "failure"] as const;

/** Writes a frame down. */
export function encodeFrame(frame: SynthesisFrame): Buffer {
  const body = toBody(frame);
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(types.indexOf(frame.type), 0);
  head.writeUInt32LE(frame.type === "ready" ? 0 : frame.id, 1);
  head.writeUInt32LE(body.length, 5);
  return Buffer.concat([head, body]);
}

function toBody(frame: SynthesisFrame): Buffer {
  switch (frame.type) {
    case "ready":
      return Buffer.from(String(frame.rate));
    case "sound": {
      const { buffer, byteOffset, byteLength } = frame.samples;
      return Buffer.from(buffer, byteOffset, byteLength);
    }
    case "end":
      return Buffer.alloc(0);
    case "failure":
      return Buffer.from(frame.message);
  }
}

/** Creates a reader of frames, however their bytes come. */
export function createFrameReader(): (bytes: Buffer) => SynthesisFrame[] {
  let kept: Buffer = Buffer.alloc(0);

  return (bytes) => {
    kept = kept.length === 0 ? bytes : Buffer.concat([kept, bytes]);
    const frames: SynthesisFrame[] = [];
    let at = 0;
    while (kept.length - at >= headBytes) {
      const end = at + headBytes + kept.readUInt32LE(at + 5);
      if (kept.length < end) break;
      const type = types[kept.readUInt8(at)];
      if (type === undefined) throw new Error("The synthesiser wrote what is no frame.");
      frames.push(toFrame(type, kept.readUInt32LE(at + 1), kept.subarray(at + headBytes, end)));
      at = end;
    }
    kept = kept.subarray(at);
    return frames;
  };
}

function toFrame(type: SynthesisFrame["type"], id: number, body: Buffer): SynthesisFrame {
  switch (type) {
    case "ready":
      return { type, rate: Number(body.toString()) };
    case "sound": {
      // Samples have to lie at even places.
      const samples = new Int16Array(body.length >> 1);
      Buffer.from(samples.buffer).set(body.subarray(0, samples.byteLength));
      return { type, id, samples };
    }
    case "end":
      return { type, id };
    case "failure":
      return { type, id, message: body.toString() };
  }
}
