import { createAnswerCheck } from "./answer-check.ts";
import type { ClosedLoopJob, ClosedLoopResult } from "./jobs.ts";
import { openConnection } from "./open-connection.ts";

/** Runs a closed loop to its end. */
export async function runClosedLoop(job: ClosedLoopJob): Promise<ClosedLoopResult> {
  const { requests, seconds } = job;
  const answersMax = job.answers ?? (seconds === undefined ? requests.length : Infinity);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const deadline = seconds === undefined ? Infinity : startedAt + seconds * 1000;
  const problems: string[] = [];
  let sent = 0;
  let answers = 0;
  let endedAt = startedAt;

  /** The next request, or none when it is enough. */
  function next(): string | undefined {
    const isOver = sent >= answersMax || performance.now() >= deadline;
    return isOver ? undefined : requests[sent++ % requests.length];
  }

  function ask(): Promise<void> {
    return new Promise((resolve) => {
      const check = createAnswerCheck(job);
      let isDone = false;
      const socket = openConnection(job.port, {
        onBody: check.onBody,
        onEnd(status) {
          const problem = check.end(status);
          if (problem === undefined) answers++;
          else problems.push(problem);
          endedAt = performance.now();
          sendNext();
        },
        onClose(reason) {
          if (!isDone) problems.push(reason);
          resolve();
        },
      });
      function sendNext(): void {
        const request = next();
        if (request !== undefined && problems.length < 5) return void socket.write(request);
        isDone = true;
        socket.destroy();
      }
      sendNext();
    });
  }

  await Promise.all(Array.from({ length: job.connections }, ask));
  const { user, system } = process.cpuUsage(cpu);
  return { answers, seconds: (endedAt - startedAt) / 1000, problems, readerCpuMs: (user + system) / 1000 };
}
