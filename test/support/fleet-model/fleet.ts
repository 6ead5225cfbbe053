import {
  type Cache,
  type CacheBus,
  type CacheEntry,
  type CacheOptions,
  type CacheStore,
  type Clock,
  createCache,
  withGenerations,
} from "@granary/core";
import { type MemoryStore, memoryStore } from "@granary/memory";
import { type FarStore, farStore, type ManualClock, manualClock } from "@granary/testkit";
import { type TieredOptions, tiered } from "@granary/tiered";
import { type FollowedClock, followedClock, type MachineClock, machineClock } from "./clocks.js";
import { type History, Recorder, type Snapshot, type Value } from "./history.js";
import { type FleetHub, fleetHub, type NodeLine, nodeLine } from "./line.js";
import { type LoadEnd, Origin } from "./origin.js";
import { TTL_MS } from "./policies.js";
import type { Scheduler } from "./scheduler.js";

/** The two keys of the model: one of them in a child namespace. */
export const KEYS = ["a", "child:b"] as const;

/** The namespaces of the keys. */
export const SCOPES = ["granary:v1:default", "granary:v1:default/child"] as const;

/** A bug that is built into a fleet. Each part takes a sound one and gives it back, bent or not. */
export interface Plant {
  readonly leaseMs?: number;
  readonly patience?: Pick<TieredOptions, "l2Timeout" | "breaker">;
  readonly cache?: Pick<CacheOptions<Value>, "onStoreError">;
  far?(server: Clock): FarStore;
  view?(view: CacheStore, parts: PlantParts): CacheStore;
  near?(near: CacheStore): CacheStore;
  tiers?(tiers: { l1: CacheStore; l2: CacheStore; bus: CacheBus }): CacheStore;
  store?(store: CacheStore): CacheStore;
  clock?(machine: MachineClock, followed: FollowedClock): FollowedClock;
}

export interface PlantParts {
  readonly line: NodeLine;
  readonly clock: Clock;
  /** The same store on a line of its own. */
  readonly aside: CacheStore;
}

/** What is between the nodes. */
export interface FleetNet {
  readonly steady: ManualClock;
  readonly hub: FleetHub;
  /** A node's connection to the far store. */
  line(node: string): NodeLine;
  /** What a node's clock and timers go by. */
  clock(node: string): Clock;
}

/** A net without faults: what travels arrives when the scheduler says so. */
function scheduledNet({ scheduler, times }: Pick<FleetOptions, "scheduler" | "times">): FleetNet {
  const steady = manualClock();
  return { steady, hub: fleetHub(scheduler, times), line: (node) => nodeLine(scheduler, node), clock: () => steady };
}

export interface FleetOptions {
  readonly scheduler: Scheduler;
  /** How far each node's own clock is off, in milliseconds. */
  readonly skews: readonly number[];
  /** How often each message of the bus is delivered. */
  readonly times: number;
  /** How long a node waits for the server. Default: for ever, since in a run without faults every answer comes. */
  readonly patience?: Pick<TieredOptions, "l2Timeout" | "breaker">;
  readonly plant?: Plant;
  /** Default: one without faults. */
  readonly net?: FleetNet;
  /** When a load ends, and how. Default: when it is told to. */
  readonly loadEnd?: LoadEnd;
}

const PATIENT = { l2Timeout: Number.POSITIVE_INFINITY, breaker: false } as const;

/** One node: its own memory, its own clock, its own connection. */
export interface FleetNode {
  readonly index: number;
  readonly cache: Cache<Value>;
  readonly child: Cache<Value>;
  readonly near: MemoryStore;
  readonly machine: MachineClock;
  readonly line: NodeLine;
  readonly clock: Clock;
  /** Resolves when the clock follows the server's. */
  readonly ready: FollowedClock["ready"];
}

/** N nodes, one far store, one bus and one origin, in one process. */
export class Fleet {
  readonly recorder = new Recorder();
  readonly steady: ManualClock;
  readonly server: MachineClock;
  readonly hub: FleetHub;
  readonly origin: Origin;
  readonly nodes: readonly FleetNode[];
  readonly #far: FarStore;
  readonly #peek: CacheStore;

  constructor(options: FleetOptions) {
    const { scheduler, skews, patience = PATIENT, plant = {}, net = scheduledNet(options), loadEnd } = options;
    const { leaseMs } = plant;
    this.steady = net.steady;
    this.server = machineClock(net.steady, 0);
    this.hub = net.hub;
    this.origin = new Origin(scheduler, this.recorder, loadEnd);
    this.#far = plant.far?.(this.server) ?? farStore({ clock: this.server, ...(leaseMs !== undefined && { leaseMs }) });
    this.#peek = withGenerations(this.#far.connect());
    this.nodes = skews.map((skewMs, index) => this.#node({ net, skewMs, index, patience, plant }));
  }

  get history(): History {
    return this.recorder;
  }

  /** What every tier holds now. Asks nobody over a line. */
  async snapshot(): Promise<void> {
    const at = this.recorder.step();
    const held: Array<Snapshot["held"][number]> = [];
    for (const key of KEYS) {
      const far = await this.peek(key);
      for (const { index, near, clock } of this.nodes) {
        const copy = near.get(storedKey(key), clock.now());
        held.push({ node: index, key, near: copy, far, now: this.server.now() });
      }
    }
    this.recorder.snapshots.push({ at, held });
  }

  /** What the server holds under `key` now. */
  peek(key: string): Promise<CacheEntry | undefined> {
    return Promise.resolve(this.#peek.get(storedKey(key), this.server.now()));
  }

  /** The server loses all that it holds. */
  flush(): void {
    this.#far.flush();
  }

  /** The server loses one entry, or the record of one namespace. */
  evict(name: string): void {
    this.#far.evict(name);
  }

  /** A replica has all that the server has at this moment. */
  replicate(): void {
    this.#far.replicate();
  }

  /** The replica takes over. */
  failover(): void {
    this.#far.failover();
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(({ cache }) => cache.close()));
  }

  #node({ net, skewMs, index, patience, plant }: NodeParts): FleetNode {
    const name = nodeName(index);
    const steady = net.clock(name);
    const machine = machineClock(steady, skewMs);
    const line = net.line(name);
    const time = (): Promise<number> => line.call("time", () => this.server.now());
    const sound = followedClock({ steady, machine, time });
    const followed = plant.clock?.(machine, sound) ?? sound;
    const { clock } = followed;
    const view = this.#far.connect({ line, ...followed });
    const aside = this.#far.connect({ line: net.line(`${name}, aside`) });
    const near = memoryStore({ clock: machine });
    const l1 = plant.near?.(near) ?? near;
    const l2 = plant.view?.(view, { line, clock, aside }) ?? view;
    const tiers = { l1, l2, bus: this.hub.bus(name) };
    const pair = plant.tiers?.(tiers) ?? tiered({ ...tiers, ...patience, ...plant.patience });
    const store = plant.store?.(pair) ?? pair;
    const cache = createCache<Value>({ store, jitter: false, ttl: TTL_MS, retryAfter: 10, ...plant.cache });
    cache.on("error", (event) => this.recorder.fail({ node: index, ...event }));
    return { index, cache, child: cache.namespace("child"), near, machine, line, ...followed };
  }
}

interface NodeParts {
  readonly net: FleetNet;
  readonly skewMs: number;
  readonly index: number;
  readonly patience: NonNullable<FleetOptions["patience"]>;
  readonly plant: Plant;
}

/** The name of a node on its line and on the bus. */
export function nodeName(index: number): string {
  return `node ${index}`;
}

/** The key as stores see it. */
export function storedKey(key: string): string {
  const [first = "", second] = key.split(":");
  return second === undefined ? `granary:v1:default:${first}` : `granary:v1:default/${first}:${second}`;
}
