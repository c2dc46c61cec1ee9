import { unavailable, type RedisLink } from "../redis-link.ts";
import { createMessageSeal, type RelayMessage } from "./relay-message.ts";

/** Carries messages between processes: at most once, or not at all. */
export type RelayPost = {
  /** Whether it was taken by somebody; undefined while Redis is away, when nobody knows. */
  send(owner: string, message: RelayMessage): Promise<boolean | undefined>;
  sendToAll(message: RelayMessage): Promise<unknown>;
  /** Whether a process listens; undefined while Redis is away, when nobody knows. */
  isThere(owner: string): Promise<boolean | undefined>;
  /** The processes that listen; none while Redis is away. */
  list(): Promise<readonly string[]>;
  /** The channel of a process. */
  channelOf(owner: string): string;
  /** A message, ready to be published on a channel. */
  seal(channel: string, message: RelayMessage): string;
  close(): void;
};

/** What the post stands on. */
export type RelayPostOptions = {
  readonly link: RedisLink;
  /** The name of this process. */
  readonly owner: string;
  readonly secret: string;
  readonly hear: (message: RelayMessage) => void;
};

/** Opens the post of this process, which hears from now on. */
export function openRelayPost({ link, owner, secret, hear }: RelayPostOptions): RelayPost {
  const seal = createMessageSeal(secret);
  const channelOf = (name: string) => link.key(`to:${name}`);
  const everybody = link.key("to-all");
  const unlisten = [channelOf(owner), everybody].map((channel) =>
    link.listen(channel, (text) => {
      const message = seal.open(channel, text);
      if (message !== undefined) hear(message);
    }),
  );
  const publish = async (channel: string, message: RelayMessage) => {
    const text = seal.seal(channel, message);
    const hearers = await link.ask((client) => client.publish(channel, text));
    return hearers === unavailable ? undefined : hearers > 0;
  };
  return {
    send: (name, message) => publish(channelOf(name), message),
    sendToAll: (message) => publish(everybody, message),
    async isThere(name) {
      const counted = await link.ask((client) => client.pubsub("NUMSUB", channelOf(name)));
      return counted === unavailable ? undefined : Number(counted[1]) > 0;
    },
    async list() {
      const channels = await link.ask((client) => client.pubsub("CHANNELS", toPattern(channelOf(""))));
      if (channels === unavailable) return [];
      return (channels as string[]).map((channel) => channel.slice(channelOf("").length));
    },
    channelOf,
    seal: (channel, message) => seal.seal(channel, message),
    close() {
      for (const stop of unlisten) stop();
    },
  };
}

/** Whatever begins so; a prefix may have letters that mean something in patterns. */
const toPattern = (start: string) => `${start.replaceAll(/[\\*?[\]^]/g, "\\$&")}*`;
