import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import type { ToolServerConfig } from "../config/tools-config.ts";
import { version } from "../version.ts";
import { openTransport } from "./open-transport.ts";

/** A server that has answered. */
export type ConnectedClient = {
  readonly client: Client;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
};

const connectMsMax = 30_000;

/** Connects to a server; a program is started. @throws what the server, or the way to it, says. */
export async function connectClient(
  { place }: ToolServerConfig,
  options: {
    readonly signal: AbortSignal;
    /** The server has other tools than before. */
    readonly onChanged: () => void;
    /** A line of what a program writes beside its answers. */
    readonly onLine: (line: string) => void;
  },
): Promise<ConnectedClient> {
  const client = new Client({ name: "llm-backend", version }, { capabilities: {} });
  const closed = Promise.withResolvers<void>();
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it has no other way to be listened to
  client.onclose = () => closed.resolve();
  // A message that nobody understands ends nothing.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the same
  client.onerror = () => {};
  client.setNotificationHandler(ToolListChangedNotificationSchema, options.onChanged);
  try {
    const { signal } = options;
    await client.connect(openTransport(place, options.onLine), { signal, timeout: connectMsMax });
  } catch (error) {
    await client.close().catch(() => {});
    throw error;
  }
  return { client, closed: closed.promise };
}
