import { aborts } from "./aborts/aborts.ts";
import { drain } from "./drain/drain.ts";
import type { Proof } from "./frame/proof.ts";
import { hostile } from "./hostile/hostile.ts";
import { kills } from "./kills/kills.ts";
import { memory } from "./memory/memory.ts";
import { resume } from "./resume/resume.ts";
import { sends } from "./sends/sends.ts";
import { streams } from "./streams/streams.ts";

/** All proofs, in the order in which `all` runs them. Each has marks in docs/reliability.md. */
export const proofs: readonly Proof[] = [kills, resume, sends, drain, streams, aborts, memory, hostile];
