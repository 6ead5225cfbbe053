import type { BusListener, BusMessage, CacheBus } from "@granary/core";
import type { ManualClock } from "@granary/testkit";
import type { FaultyLine } from "./faulty-line.js";
import type { FleetHub } from "./line.js";
import type { NodeLoop } from "./node-loop.js";
import type { Random } from "./random.js";

/** What may be wrong with the connection that a node listens on: it is silent, or it is refused. */
export type EarTrouble = "holds" | "refuses";

/** What became of messages. */
export interface BusCounts {
  heard: number;
  twice: number;
  lost: number;
  held: number;
  unsaid: number;
  gaps: number;
}

export interface FaultyHubParts {
  readonly steady: ManualClock;
  readonly random: Random;
  readonly counts: BusCounts;
  tell(text: () => string): void;
}

/** Where a node speaks and listens. */
export interface EndPlace {
  readonly node: string;
  readonly loop: NodeLoop;
  /** What a node says goes over the connection that its store has. */
  readonly line: FaultyLine;
}

/** A silent connection is found dead this long after it was last known to be alive, and replaced. */
const FOUND_DEAD_MS = 1_500;
/** For no longer than this a node does not know whether it has missed something. */
const LONGEST_UNHEARD_MS = 2_000;
const PING_EVERY_MS = 500;
const RECONNECT_MS = [50, 1_000] as const;

/** A message takes no longer than this, also where the bus is in trouble. */
const LONGEST_DELIVERY_MS = 40;

/** A bus on publish/subscribe of one server, and every node's end of it. */
export class FaultyHub implements FleetHub {
  readonly #parts: FaultyHubParts;
  readonly #ends = new Map<string, BusEnd>();
  readonly #places: (node: string) => EndPlace;
  /** Messages come twice, late and in another order, while this is above 0. */
  disorder = 0;

  constructor(parts: FaultyHubParts, places: (node: string) => EndPlace) {
    this.#parts = parts;
    this.#places = places;
  }

  /** The end of a node. */
  end(node: string): BusEnd {
    const end = this.#ends.get(node) ?? new BusEnd(this.#parts, this.#places(node));
    this.#ends.set(node, end);
    return end;
  }

  bus(node: string): CacheBus {
    const end = this.end(node);
    return {
      name: node,
      publish: (message) => end.publish(() => this.#tell(message, end)),
      subscribe: (listener) => end.subscribe(listener),
    };
  }

  gap(node: string): void {
    this.end(node).gap();
  }

  cut(node: string): void {
    this.end(node).begin("holds");
  }

  #tell(message: BusMessage, from: BusEnd): void {
    const { random, counts } = this.#parts;
    for (const end of this.#ends.values()) {
      if (end === from) continue;
      const isTwice = this.disorder > 0 && random.chance(0.3);
      if (isTwice) counts.twice += 1;
      for (let time = 0; time < (isTwice ? 2 : 1); time += 1) end.carry(message, this.#deliveryMs());
    }
  }

  #deliveryMs(): number {
    return this.#parts.random.between(0.2, this.disorder > 0 ? LONGEST_DELIVERY_MS : 2);
  }
}

/** One node's end: a connection of its own to listen on, watched as the bus on Redis watches its own. */
export class BusEnd {
  readonly #parts: FaultyHubParts;
  readonly #place: EndPlace;
  readonly #listeners = new Set<BusListener>();
  readonly #troubles: Record<EarTrouble, number> = { holds: 0, refuses: 0 };
  /** The connection's number, and what it holds back. Undefined while there is none. */
  #connection: { readonly held: BusMessage[] } | undefined = { held: [] };
  #silence = 0;
  #aliveAt = 0;
  #toldAt = 0;
  #cancelGap = (): void => {};
  #cancelDeath = (): void => {};
  #cancelRetry = (): void => {};

  constructor(parts: FaultyHubParts, place: EndPlace) {
    this.#parts = parts;
    this.#place = place;
    this.#aliveAt = parts.steady.now();
  }

  /** Since when what the node says is taken; `Infinity` where it is not. */
  speaksSince = Number.NEGATIVE_INFINITY;

  /** Until as many `unmute`, what the node says is not taken. */
  mute(): void {
    this.#silence += 1;
    this.speaksSince = Number.POSITIVE_INFINITY;
  }

  unmute(): void {
    this.#silence -= 1;
    if (this.#silence === 0) this.speaksSince = this.#parts.steady.now();
  }

  async publish(step: () => void): Promise<void> {
    if (this.#silence === 0) return this.#place.line.call("publish", step);
    this.#parts.counts.unsaid += 1;
    await new Promise<void>((go) => this.#parts.steady.after(1, () => this.#place.loop.receive(go)));
    throw new Error("The message was not taken.");
  }

  subscribe(listener: BusListener): () => void {
    this.#listeners.add(listener);
    listener.gap();
    return () => void this.#listeners.delete(listener);
  }

  /** Brings a message to the node, if its connection lasts. */
  carry(message: BusMessage, ms: number): void {
    const connection = this.#connection;
    const { steady } = this.#parts;
    steady.after(ms, () => {
      if (connection === undefined || connection !== this.#connection) this.#miss(message);
      else if (this.#troubles.holds === 0) this.#hear(message);
      else connection.held.push(message);
    });
  }

  /** From now on, until as many `end`. */
  begin(trouble: EarTrouble): void {
    const wasUp = this.#isUp;
    this.#troubles[trouble] += 1;
    if (wasUp) this.#goDown();
    if (trouble === "refuses") this.#lose();
  }

  end(trouble: EarTrouble): void {
    this.#troubles[trouble] -= 1;
    if (this.#isUp) this.#comeUp();
  }

  gap(): void {
    this.#parts.counts.gaps += 1;
    this.#parts.tell(() => `${this.#place.node} is told of a gap`);
    this.#toldAt = this.#parts.steady.now();
    for (const listener of this.#listeners) listener.gap();
  }

  #miss(message: BusMessage): void {
    this.#parts.counts.lost += 1;
    this.#parts.tell(() => `${this.#place.node} misses ${JSON.stringify(message)}`);
  }

  get #isUp(): boolean {
    return this.#troubles.holds + this.#troubles.refuses === 0;
  }

  /** Nothing is known from the last answer to a ping on. */
  #goDown(): void {
    const { steady, random } = this.#parts;
    const now = steady.now();
    if (this.#connection !== undefined) this.#aliveAt = Math.max(this.#aliveAt, now - random.between(0, PING_EVERY_MS));
    this.#cancelRetry();
    this.#cancelDeath();
    this.#cancelDeath = this.#place.loop.clock.after(this.#aliveAt + FOUND_DEAD_MS - now, () => this.#lose());
    this.#awaitGap();
  }

  #awaitGap(): void {
    this.#cancelGap();
    const dueAt = Math.max(this.#aliveAt, this.#toldAt) + LONGEST_UNHEARD_MS;
    this.#cancelGap = this.#place.loop.clock.after(dueAt - this.#parts.steady.now(), () => {
      this.gap();
      this.#awaitGap();
    });
  }

  #lose(): void {
    this.#cancelDeath();
    for (const message of this.#connection?.held ?? []) this.#miss(message);
    this.#connection = undefined;
  }

  #comeUp(): void {
    const { steady, random, counts } = this.#parts;
    if (this.#connection === undefined) {
      this.#cancelRetry = this.#place.loop.clock.after(random.between(...RECONNECT_MS), () => this.#listen());
      return;
    }
    this.#cancelDeath();
    this.#cancelGap();
    this.#aliveAt = steady.now();
    counts.held += this.#connection.held.length;
    for (const message of this.#connection.held.splice(0)) this.#hear(message);
  }

  #listen(): void {
    this.#cancelGap();
    this.#cancelDeath();
    this.#connection = { held: [] };
    this.#aliveAt = this.#parts.steady.now();
    this.gap();
  }

  #hear(message: BusMessage): void {
    this.#place.loop.receive(() => {
      this.#parts.counts.heard += 1;
      this.#parts.tell(() => `${this.#place.node} hears ${JSON.stringify(message)}`);
      for (const listener of this.#listeners) listener.message(message);
    });
  }
}
