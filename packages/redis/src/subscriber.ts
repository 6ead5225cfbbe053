import { systemClock } from "@granary/core";
import type { RedisClient, RedisConnection } from "./redis-client.js";

/** What a subscriber tells its bus. */
export interface SubscriberEvents {
  /** The channel is being listened to from now on; what was said before is lost. */
  begun(): void;
  heard(text: string): void;
  failed(error: unknown): void;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;

/**
 * The settings in which our connection differs from the client's. It does not reconnect by itself: a new one is
 * opened in its place, the same way for every library, server and cluster, so no resubscription goes unseen.
 */
const OWN_SETTINGS = {
  lazyConnect: true,
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  commandTimeout: undefined,
  disconnectTimeout: 100,
  monitor: false,
  retryStrategy: () => null,
};

/** Listens on one channel of Redis through a connection of its own, for ever and whatever happens, until closed. */
export class Subscriber {
  readonly #client: RedisClient;
  readonly #channel: string;
  readonly #events: SubscriberEvents;
  #connection: RedisConnection | undefined;
  #ended = Promise.resolve();
  #cancelRetry = (): void => {};
  #failures = 0;
  #state: "off" | "listening" | "closed" = "off";

  constructor(client: RedisClient, channel: string, events: SubscriberEvents) {
    this.#client = client;
    this.#channel = channel;
    this.#events = events;
    this.#connect();
  }

  /** Whether the channel is being listened to at this moment. */
  get isListening(): boolean {
    return this.#state === "listening";
  }

  /** Resolves once the connection is gone. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.#cancelRetry();
    this.#connection?.disconnect();
    await this.#ended;
  }

  #connect(): void {
    const connection = openConnection(this.#client);
    if (connection === undefined) return this.#retry();
    this.#connection = connection;
    this.#ended = new Promise((resolve) => {
      connection.on("end", () => resolve(this.#lost()));
    });
    connection.on("error", (error) => this.#failed(error));
    connection.on("message", (_channel, text) => this.#heard(text));
    connection.subscribe(this.#channel).then(
      () => this.#begun(connection),
      (error: unknown) => this.#refused(connection, error),
    );
  }

  #begun(connection: RedisConnection): void {
    if (this.#state === "closed" || this.#connection !== connection) return;
    this.#state = "listening";
    this.#failures = 0;
    this.#events.begun();
  }

  /** A connection that ended has told its error and is being replaced; one that may not subscribe is not yet. */
  #refused(connection: RedisConnection, error: unknown): void {
    if (this.#connection !== connection) return;
    this.#failed(error);
    connection.disconnect();
  }

  #lost(): void {
    this.#connection = undefined;
    if (this.#state === "closed") return;
    this.#state = "off";
    this.#retry();
  }

  #retry(): void {
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#cancelRetry = systemClock.after(delayMs, () => this.#connect());
  }

  #heard(text: string): void {
    if (this.#state !== "closed") this.#events.heard(text);
  }

  #failed(error: unknown): void {
    if (this.#state !== "closed") this.#events.failed(error);
  }
}

/**
 * A cluster's own duplicate moves its subscription between nodes without a word. So one node is taken, another
 * one after a failure; what is published anywhere in a cluster comes to every node. `undefined`: none is known yet.
 */
function openConnection(client: RedisClient): RedisConnection | undefined {
  if (client.isCluster !== true) return client.duplicate(OWN_SETTINGS);
  const nodes = client.nodes?.("all") ?? [];
  return nodes[Math.floor(Math.random() * nodes.length)]?.duplicate(OWN_SETTINGS);
}
