import type { Transport } from "./transport.ts";
import { openWebSocketChannel, type WebSocketChannel, type WebSocketOptions } from "./web-socket-channel.ts";

/**
 * Subscriptions over one WebSocket. A socket belongs to the token that it was opened with: when there is another
 * token the next subscription opens another socket, and the one before ends with what it still carries.
 */
export function createWebSocketTransport(options: WebSocketOptions): Transport {
  const channels = new Set<WebSocketChannel>();
  const find = (token: string | undefined) => {
    for (const channel of channels) {
      if (!channel.isUsable) channels.delete(channel);
      else if (channel.token === token) return channel;
    }
    const channel = openWebSocketChannel(token, options);
    channels.add(channel);
    return channel;
  };
  return {
    open: (call) => find(call.token).open(call),
    close() {
      for (const channel of channels) channel.close();
    },
  };
}
