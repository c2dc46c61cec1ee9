import { workerData } from "node:worker_threads";

// A thread of the reading process that ends it when its parent is gone, however busy its parser is.

const parentPid = workerData as number;
const everyMs = 500;

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
}, everyMs);
