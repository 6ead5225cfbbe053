import { isError } from "@granary/core";
import { Line } from "./line.js";
import { ownConnection } from "./own-connection.js";
import type { RedisClient, RedisConnection } from "./redis-client.js";
import { steadyClock } from "./steady-clock.js";
import type { ChannelListener, SubscribedLine } from "./subscribed-line.js";

/** A channel, and those who listen to it. */
interface Channel {
  readonly name: string;
  readonly listeners: Set<ChannelListener>;
  /** Where it is subscribed to. */
  connection: RedisConnection | undefined;
  /** When it was known to be subscribed to for the last time. At first: when it was made. */
  aliveAt: number;
  /** Refusals that were told. */
  readonly told: Set<string>;
}

/**
 * All channels that are listened to for one client, on one connection, which is there as long as anybody listens. A
 * channel that the server refuses is asked for again and again; the others are none the worse.
 */
export class SharedLine {
  readonly #client: RedisClient;
  readonly #channels = new Map<string, Channel>();
  #line: Line | undefined;
  #connection: RedisConnection | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  listen(name: string, told: ChannelListener): SubscribedLine {
    const channel = this.#channels.get(name) ?? newChannel(name);
    this.#channels.set(name, channel);
    // An object of its own, so that one listener may listen twice.
    const own = { ...told };
    channel.listeners.add(own);
    if (this.#line === undefined) this.#line = this.#open();
    else if (this.#isListening(channel)) queueMicrotask(() => channel.listeners.has(own) && own.begun());
    else if (this.#line.isListening) this.#subscribeLate(channel);
    const [isListening, aliveAt] = [() => this.#isListening(channel), () => this.#aliveAt(channel)];
    return {
      get isListening() {
        return isListening();
      },
      get aliveAt() {
        return aliveAt();
      },
      close: () => this.#leave(channel, own),
    };
  }

  #isListening({ connection }: Channel): boolean {
    return this.#line?.isListening === true && connection !== undefined && connection === this.#connection;
  }

  #aliveAt(channel: Channel): number {
    const isRefused = this.#line?.isListening === true && !this.#isListening(channel);
    return isRefused ? channel.aliveAt : (this.#line?.aliveAt ?? channel.aliveAt);
  }

  async #leave(channel: Channel, own: ChannelListener): Promise<void> {
    if (!channel.listeners.delete(own) || channel.listeners.size > 0) return;
    this.#channels.delete(channel.name);
    const [line, connection] = [this.#line, this.#connection];
    if (this.#channels.size === 0) {
      this.#line = this.#connection = undefined;
      await line?.close();
    } else if (connection !== undefined && connection === channel.connection) {
      // Where that fails the connection is lost, and the next one is not subscribed.
      connection.unsubscribe(channel.name).catch(() => {});
    }
  }

  #open(): Line {
    const line = new Line({
      clock: steadyClock,
      open: () => ownConnection(this.#client),
      begin: async (connection) => {
        this.#connection = connection;
        connection.on("message", (name, text) => {
          if (line.hears(connection)) this.#tell(name, (listener) => listener.heard(text));
        });
        await Promise.all([...this.#channels.values()].map((channel) => this.#subscribe(connection, channel)));
      },
      begun: () => {
        for (const channel of this.#channels.values())
          if (this.#isListening(channel)) this.#begun(channel);
          else this.#subscribeLate(channel);
      },
      answered: () => {
        for (const channel of this.#channels.values()) if (!this.#isListening(channel)) this.#subscribeLate(channel);
      },
      failed: (error) => {
        for (const name of this.#channels.keys()) this.#tell(name, (listener) => listener.failed(error));
      },
    });
    return line;
  }

  /** A channel that came later than the connection, or was refused before. */
  #subscribeLate(channel: Channel): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const begun = (): void => {
      if (this.#isListening(channel)) this.#begun(channel);
    };
    // Where it fails the connection is lost, and the next one begins with all channels.
    this.#subscribe(connection, channel).then(begun, () => {});
  }

  /** Rejects where the connection is lost. */
  async #subscribe(connection: RedisConnection, channel: Channel): Promise<void> {
    try {
      await connection.subscribe(channel.name);
      channel.connection = connection;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (channel.told.has(String(error))) return;
      channel.told.add(String(error));
      this.#tell(channel.name, (listener) => listener.failed(error));
    }
  }

  #begun(channel: Channel): void {
    channel.aliveAt = steadyClock.now();
    channel.told.clear();
    this.#tell(channel.name, (listener) => listener.begun());
  }

  #tell(name: string, say: (listener: ChannelListener) => void): void {
    for (const listener of [...(this.#channels.get(name)?.listeners ?? [])]) say(listener);
  }
}

function newChannel(name: string): Channel {
  return { name, listeners: new Set(), connection: undefined, aliveAt: steadyClock.now(), told: new Set() };
}

/** What a server says that is there, and does not permit it. */
function isRefusal(error: unknown): boolean {
  return isError(error) && error.name === "ReplyError";
}
