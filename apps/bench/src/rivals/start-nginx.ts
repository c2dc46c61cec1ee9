import { startNginx as start } from "@llm-backend/testing";
import type { Contender } from "./contender.ts";

/** nginx as a proxy that does not buffer, with one worker, as the others have one process. */
export async function startNginx(upstreamPort: number): Promise<Contender | string> {
  try {
    const running = await start((port) => toHttp(port, upstreamPort));
    return {
      name: "nginx",
      pid: running.pid,
      port: running.port,
      headers: {},
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function toHttp(port: number, upstreamPort: number): string {
  return `  keepalive_requests 100000000;
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
  }`;
}
