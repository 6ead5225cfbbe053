import { type ManualClock, manualClock } from "@granary/testkit";
import type { Fault } from "./fault-plan.js";
import { type BusCounts, FaultyHub } from "./faulty-bus.js";
import { FaultyLine, type LineCounts } from "./faulty-line.js";
import type { FleetNet } from "./fleet.js";
import { NodeLoop } from "./node-loop.js";
import type { Random } from "./random.js";

/** What is between the nodes, with faults: their connections, their bus, their event loops. */
export class FaultNet implements FleetNet {
  readonly steady: ManualClock = manualClock();
  readonly hub: FaultyHub;
  readonly lineCounts: LineCounts = { refused: 0, held: 0, lostUndone: 0, lostDone: 0, resent: 0 };
  readonly busCounts: BusCounts = { heard: 0, twice: 0, lost: 0, held: 0, unsaid: 0, gaps: 0 };
  readonly #random: Random;
  readonly #loops = new Map<string, NodeLoop>();
  readonly #lines = new Map<string, FaultyLine>();
  /** What the server does when it loses its data, when a replica copies it and takes over, when it is full, and set back. */
  flush = (): void => {};
  replicate = (): void => {};
  failover = (): void => {};
  evict = (): void => {};
  setBack = (): void => {};
  /** Writes a line of the story of the run. */
  tell = (_text: () => string): void => {};

  constructor(
    readonly nodes: readonly string[],
    random: Random,
  ) {
    this.#random = random;
    const parts = { steady: this.steady, random: random.fork(), counts: this.busCounts };
    const tell = (text: () => string): void => this.tell(text);
    this.hub = new FaultyHub({ ...parts, tell }, (node) => ({ node, loop: this.loop(node), line: this.line(node) }));
  }

  loop(node: string): NodeLoop {
    const loop = this.#loops.get(node) ?? new NodeLoop(this.steady);
    this.#loops.set(node, loop);
    return loop;
  }

  clock(node: string): NodeLoop["clock"] {
    return this.loop(node).clock;
  }

  line(node: string): FaultyLine {
    const known = this.#lines.get(node);
    if (known !== undefined) return known;
    const { steady, lineCounts: counts } = this;
    const line = new FaultyLine({
      steady,
      loop: this.loop(node),
      random: this.#random.fork(),
      counts,
      tell: (text) => this.tell(() => `${node}: ${text()}`),
    });
    this.#lines.set(node, line);
    return line;
  }

  /** Since when a node reaches the server in time; `Infinity` where it does not. */
  reachesSince(node: string): number {
    const loop = this.loop(node);
    return loop.isStalled ? Number.POSITIVE_INFINITY : Math.max(this.line(node).wholeSince, loop.runsSince);
  }

  /** Since when it also reaches the other nodes, if they listen. */
  speaksSince(node: string): number {
    return Math.max(this.reachesSince(node), this.hub.end(node).speaksSince);
  }

  /** Lets a fault begin. Returns what ends it. */
  begin(fault: Fault): () => void {
    switch (fault.type) {
      case "line":
        return this.#troubleLine(fault.node, fault);
      case "server":
        return this.#troubleServer(fault);
      case "failover":
        this.replicate();
        return () => {
          for (const node of this.nodes) this.line(node).break();
          this.failover();
        };
      case "eviction":
        this.evict();
        return () => this.evict();
      case "server clock":
        this.setBack();
        return () => {};
      case "ear":
        return this.#troubleEar(fault.node, fault.trouble);
      case "voice":
        this.hub.end(fault.node).mute();
        return () => this.hub.end(fault.node).unmute();
      case "bus":
        return both(this.begin({ ...fault, type: "ear" }), this.begin({ type: "voice", node: fault.node }));
      case "disorder":
        this.hub.disorder += 1;
        return () => void (this.hub.disorder -= 1);
      case "stall":
        this.loop(fault.node).stall();
        return () => this.loop(fault.node).resume();
    }
  }

  #troubleLine(node: string, { trouble, dragMs, isBroken }: Extract<Fault, { type: "line" }>): () => void {
    const line = this.line(node);
    line.begin(trouble, dragMs);
    return () => {
      if (isBroken) line.break();
      line.end(trouble);
    };
  }

  #troubleEar(node: string, trouble: "holds" | "refuses"): () => void {
    const end = this.hub.end(node);
    end.begin(trouble);
    return () => end.end(trouble);
  }

  #troubleServer(fault: Extract<Fault, { type: "server" }>): () => void {
    const isFrozen = fault.how === "frozen";
    const ends = this.nodes.map((node) => {
      // A client that queues what it cannot send looks as if the server were frozen.
      if (!isFrozen) this.line(node).break();
      const trouble = isFrozen || fault.clientsQueue ? "holds" : "refuses";
      const line = this.#troubleLine(node, { type: "line", node, trouble, dragMs: 0, isBroken: false });
      return both(line, this.#troubleEar(node, isFrozen ? "holds" : "refuses"));
    });
    if (fault.how === "killed without its data") this.flush();
    return () => {
      for (const end of inRandomOrder(ends, this.#random)) end();
    };
  }
}

function both(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}

function inRandomOrder<T>(list: readonly T[], random: Random): T[] {
  const drawn = list.map((item) => ({ item, at: random.next() }));
  return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
