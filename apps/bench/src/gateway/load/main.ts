/** The reader of all measurements, as a process of its own: it takes one job after the other from its parent. */
import type { LoadAnswer, LoadMessage } from "./jobs.ts";
import { measureFirstToken } from "./measure-first-token.ts";
import { openPacedStreams, type PacedStreams } from "./paced-streams.ts";
import { runClosedLoop } from "./run-closed-loop.ts";
import { openSignedStreams, type SignedStreams } from "./signed-streams.ts";

let open: PacedStreams | SignedStreams | undefined;

async function run(message: LoadMessage): Promise<unknown> {
  switch (message.kind) {
    case "closed-loop":
      return runClosedLoop(message);
    case "first-token":
      return measureFirstToken(message);
    case "paced":
      open = await openPacedStreams(message);
      return null;
    case "signed":
      open = await openSignedStreams(message);
      return null;
    default:
      return open?.[message.kind]() ?? null;
  }
}

async function answer(message: LoadMessage): Promise<LoadAnswer> {
  try {
    return { result: await run(message) };
  } catch (error) {
    return { error: String(error) };
  }
}

process.on("message", (message: LoadMessage) => {
  void answer(message).then((result) => process.send?.(result));
});
// Whoever conducts the measurement wants no more of what is still open.
process.on("disconnect", () => process.exit());
