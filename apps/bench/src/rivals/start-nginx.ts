import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Contender } from "./contender.ts";
import { findFreePort, startExternal } from "./external-process.ts";

// Debian keeps it where only root's path looks.
const places = ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/bin/nginx"];

/** nginx as a proxy that does not buffer, with one worker, as the others have one process. */
export async function startNginx(upstreamPort: number): Promise<Contender | string> {
  const command = places.find((place) => spawnSync(place, ["-v"]).status === 0);
  if (command === undefined) return "nginx is not installed (Debian: apt-get install nginx-light)";
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-nginx-"));
  const port = await findFreePort();
  const file = join(folder, "nginx.conf");
  await writeFile(file, toConfig({ port, upstreamPort, folder }));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    const running = await startExternal(port, { command, args: ["-p", folder, "-c", file, "-e", "stderr"] });
    return {
      name: "nginx",
      pid: running.pid,
      port,
      headers: {},
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await removeFolder();
      },
    };
  } catch (error) {
    await removeFolder();
    return `nginx does not start: ${String(error)}`;
  }
}

function toConfig({ port, upstreamPort, folder }: { port: number; upstreamPort: number; folder: string }) {
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
  keepalive_requests 100000000;
  upstream model {
    server 127.0.0.1:${upstreamPort};
    keepalive 1024;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    tcp_nodelay on;
    location / {
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
}
