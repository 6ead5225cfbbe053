import type { Clock } from "@granary/core";
import { mastersIn } from "./cluster-masters.js";
import { Line } from "./line.js";
import { ownConnection } from "./own-connection.js";
import type { NodeAddress, RedisClient, RedisConnection } from "./redis-client.js";

export interface ClusterLinesParts {
  readonly clock: Clock;
  readonly client: RedisClient;
  /** A line to one master; `begun` is to be called whenever it begins to listen. */
  lineTo(open: () => RedisConnection | undefined, begun: () => void): Line;
  /** From now on all masters are listened to; what was said before is lost. */
  begun(): void;
  /** Other masters than before: what was said by new ones is lost. */
  moved(): void;
  failed(error: unknown): void;
}

/**
 * A line to every master of a cluster, and one by which it is asked, over and over, which those are. The client's own
 * idea of that lags behind, by seconds where it does not happen to ask a node that has lost a slot.
 */
export class ClusterLines {
  readonly #parts: ClusterLinesParts;
  readonly #lines = new Map<string, Line>();
  readonly #closing = new Set<Promise<void>>();
  readonly #watch: Line;
  #masters: ReadonlyMap<string, NodeAddress> = new Map();
  #state: "open" | "closed" = "open";

  constructor(parts: ClusterLinesParts) {
    this.#parts = parts;
    const { clock, client, failed } = parts;
    const ask = (connection: RedisConnection): Promise<unknown> => connection.callBuffer("CLUSTER", "SLOTS");
    this.#watch = new Line({
      clock,
      open: () => ownConnection(client),
      begin: async (connection) => this.#follow(await ask(connection)),
      ask,
      begun: () => {},
      answered: (slots) => this.#follow(slots),
      failed,
    });
  }

  /** Whether every master is listened to. */
  get isListening(): boolean {
    const lines = [...this.#lines.values()];
    return lines.length > 0 && lines.every((line) => line.isListening);
  }

  /** Up to this instant nothing that was said has been missed, and the masters were those that are listened to. */
  get aliveAt(): number {
    if (this.#lines.size === 0) return Number.NEGATIVE_INFINITY;
    return Math.min(this.#watch.aliveAt, ...[...this.#lines.values()].map((line) => line.aliveAt));
  }

  async close(): Promise<void> {
    this.#state = "closed";
    const watched = this.#watch.close();
    for (const id of [...this.#lines.keys()]) this.#drop(id);
    await Promise.all([watched, ...this.#closing]);
  }

  /** Opens lines to masters that are new, and closes those to nodes that are masters no more. */
  #follow(slots: unknown): void {
    if (this.#state === "closed") return;
    const isFirst = this.#masters.size === 0;
    this.#masters = mastersIn(slots, this.#parts.client);
    const [gone, come] = [
      [...this.#lines.keys()].filter((id) => !this.#masters.has(id)),
      [...this.#masters.keys()].filter((id) => !this.#lines.has(id)),
    ];
    for (const id of gone) this.#drop(id);
    for (const id of come) this.#lines.set(id, this.#open(id));
    if (!isFirst && gone.length + come.length > 0) this.#parts.moved();
  }

  #open(id: string): Line {
    const { client, lineTo, begun } = this.#parts;
    // The address as it is by then: a node keeps its id when it moves.
    const open = (): RedisConnection | undefined => {
      const master = this.#masters.get(id);
      return master === undefined ? undefined : ownConnection(client, { ...master, readOnly: false });
    };
    // As long as one of them is not listened to, there are gaps anyway.
    return lineTo(open, () => this.isListening && begun());
  }

  #drop(id: string): void {
    const closing = this.#lines.get(id)?.close() ?? Promise.resolve();
    this.#lines.delete(id);
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}
