import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startExternal, type ExternalProcess } from "../external-process.ts";
import { findClosedPort } from "../fake-upstream/dead-ports.ts";

// Debian keeps it where only root's path looks.
const places = ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/bin/nginx"];

const findNginx = (): string | undefined => places.find((place) => spawnSync(place, ["-v"]).status === 0);

/** Why no nginx can be started on this machine; undefined where one can. */
export function findNginxObstacle(): string | undefined {
  return findNginx() === undefined ? "nginx is not installed (apt install nginx-light)" : undefined;
}

/**
 * Starts an nginx with one worker on a free port of loopback; `toHttp` writes what stands in its `http` block.
 *
 * @throws Error when there is none, or with what it printed when it does not start.
 */
export async function startNginx(toHttp: (port: number) => string): Promise<ExternalProcess> {
  const command = findNginx();
  if (command === undefined) throw new Error(findNginxObstacle());
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-nginx-"));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    const port = await findClosedPort();
    const file = join(folder, "nginx.conf");
    await writeFile(file, toConfig(folder, toHttp(port)));
    const running = await startExternal(port, { command, args: ["-p", folder, "-c", file, "-e", "stderr"] });
    return {
      pid: running.pid,
      port,
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await removeFolder();
      },
    };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

function toConfig(folder: string, http: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join("\n");
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
events { worker_connections 15000; }
http {
  access_log off;
${temporary}
${http}
}
`;
}
