import { randomUUID } from "node:crypto";
import { type BusListener, type BusMessage, type CacheBus, CacheError } from "@granary/core";
import { busText, readBusText } from "./bus-text.js";
import { watchErrors } from "./client-errors.js";
import { type RedisClient, requireClient } from "./redis-client.js";
import { Subscriber } from "./subscriber.js";

/** How a bus on Redis is made. */
export interface RedisBusOptions {
  /** A `Redis` or `Cluster` of ioredis 5 or 6, or of iovalkey. The bus publishes on it and never closes it. */
  readonly client: RedisClient;
  /** Where the nodes of one fleet meet. The client's `keyPrefix` and `db` do not apply to it. Default: `"granary:bus"`. */
  readonly channel?: string;
  /** Stands in events. Default: `"redis"`. */
  readonly name?: string;
}

/**
 * A bus on publish/subscribe of Redis or Valkey. It listens on one connection of its own, made from the client's
 * settings with the first listener, opened again for ever when it is lost, and closed with the last listener or by
 * `close()`. While it is down messages are lost, hence a `gap` each time it begins.
 * @throws CacheError `INVALID_OPTION`
 */
export function redisBus(options: RedisBusOptions): CacheBus {
  const client = requireClient("redisBus", options);
  const { channel = "granary:bus", name = "redis" } = options;
  if (typeof channel !== "string" || channel === "") {
    throw new CacheError("INVALID_OPTION", '`channel` must be text that is not empty, such as "shop:bus".');
  }
  const end = new BusEnd(client, channel);
  return {
    name,
    publish: (message) => end.publish(message),
    subscribe: (listener) => end.subscribe(listener),
    close: () => end.close(),
  };
}

/** One node's end of a channel. */
class BusEnd {
  readonly #client: RedisClient;
  readonly #channel: string;
  readonly #id = randomUUID();
  readonly #listeners = new Set<{ readonly listener: BusListener }>();
  readonly #unwatch: () => void;
  #subscriber: Subscriber | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #state: "open" | "closed" = "open";

  constructor(client: RedisClient, channel: string) {
    this.#client = client;
    this.#channel = channel;
    // Nothing to tell here: whoever publishes on a client that is down is told by the rejection.
    this.#unwatch = watchErrors(client, () => {});
  }

  async publish(message: BusMessage): Promise<void> {
    await this.#client.publish(this.#channel, busText(this.#id, message));
  }

  subscribe(listener: BusListener): () => void {
    if (this.#state === "closed") throw new CacheError("CLOSED", "This bus was closed and cannot be listened to.");
    const own = { listener };
    this.#listeners.add(own);
    if (this.#subscriber === undefined) this.#subscriber = this.#open();
    else if (this.#subscriber.isListening) queueMicrotask(() => this.#listeners.has(own) && listener.gap());
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#end();
    };
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#listeners.clear();
    this.#unwatch();
    this.#end();
    await this.#ended;
  }

  #open(): Subscriber {
    return new Subscriber(this.#client, this.#channel, {
      begun: () => this.#tell((listener) => listener.gap()),
      heard: (text) => this.#hear(text),
      failed: (error) => this.#tell((listener) => listener.error(error)),
    });
  }

  #end(): void {
    this.#ended = Promise.all([this.#ended, this.#subscriber?.close()]);
    this.#subscriber = undefined;
  }

  #hear(text: string): void {
    const heard = readBusText(text);
    if (heard.from === this.#id) return;
    if (heard.from === undefined) this.#tell((listener) => listener.error(heard.error));
    else this.#tell((listener) => listener.message(heard.message));
  }

  #tell(say: (listener: BusListener) => void): void {
    for (const { listener } of this.#listeners) say(listener);
  }
}
