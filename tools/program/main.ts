import { isCurrent, keepStamp } from "./program-stamp.ts";

// Usage: node tools/program/main.ts: makes one program of what the compiler has made of the server, unless that is done.
if (!isCurrent()) {
  const { bundleProgram } = await import("./bundle-program.ts");
  await bundleProgram();
  keepStamp();
}
