import { processWide } from "@granary/core";
import type { RedisClient } from "./redis-client.js";
import { SharedLine } from "./shared-line.js";

/** What is told of one channel. */
export interface ChannelListener {
  /** The channel is being listened to from now on; what was said before is lost. */
  begun(): void;
  heard(text: string): void;
  /** Told once of each kind in an outage. */
  failed(error: unknown): void;
}

/** Where such a line listens, and what it tells. */
export interface SubscribedLineParts extends ChannelListener {
  readonly client: RedisClient;
  readonly channel: string;
}

/** One channel that is listened to. */
export interface SubscribedLine {
  /** Whether it listens at this moment, as far as is known. */
  readonly isListening: boolean;
  /** Up to this instant of the steady clock nothing that was said has been missed. At first: when it was made. */
  readonly aliveAt: number;
  /** Resolves, where nobody else listens on the client, once its connections are gone. */
  close(): Promise<void>;
}

/** Whatever listens on a client, by any copy of this package, does so on one connection. */
const lines = processWide("redis channels", () => new WeakMap<RedisClient, SharedLine>());

/** Listens on one channel, wherever in a cluster something is published there. */
export function subscribedLine({ client, channel, ...told }: SubscribedLineParts): SubscribedLine {
  const line = lines.get(client) ?? new SharedLine(client);
  lines.set(client, line);
  return line.listen(channel, told);
}
