import { type ChildNode, childNode } from "./child-node.js";
import { eventually } from "./eventually.js";
import { ownName } from "./redis-client.js";
import type { RunLog } from "./stale-reads.js";

/** What callers of one key on one node came to. Instants are on a clock that all nodes share. */
export interface StampedeResult {
  readonly loads: number;
  readonly callers: number;
  readonly served: number;
  readonly values: readonly unknown[];
  readonly reasons: readonly string[];
  readonly begunAt: number;
  readonly endedAt: number;
}

/** One process with its own L1. */
export interface RaceNode {
  get(id: string): Promise<unknown>;
  ttl(id: string): Promise<number>;
  set(id: string, value: unknown, ttl: string): Promise<unknown>;
  memoryHits(): Promise<number>;
  errors(): Promise<readonly string[]>;
  /** So many callers at once, with a loader that takes `loadMs`, or for ever. */
  stampede(id: string, callers: number, loadMs: number | null): Promise<StampedeResult>;
  randomRun(plan: { readonly ms: number; readonly seed: number }): Promise<RunLog>;
  kill(): Promise<void>;
}

/** A bug that a node is started with, for a checker to find. */
export type Plant = "no lease" | "no bus" | "own clock";

export interface RaceFleetOptions {
  readonly plant?: Plant | undefined;
  /** How far the clock of each node is off. */
  readonly skewsMs?: readonly number[];
  /** Settings of the client of Redis. */
  readonly clientOptions?: object;
  readonly onStoreError?: "ignore" | "throw";
  /** The bus is `redisTracking`, in place of `redisBus`. */
  readonly tracks?: true;
  /** Redis is down, so that nobody can listen. */
  readonly redis?: "up" | "down";
}

export interface Load {
  readonly name: string;
  readonly id: string;
  readonly at: number;
}

/** Nodes that share one Redis and one bus, and their origin. */
export interface RaceFleet {
  readonly nodes: readonly RaceNode[];
  readonly keyPrefix: string;
  /** The loads that have begun, told at once. */
  readonly loads: readonly Load[];
  /** Resolves once as many loads have begun, to the last of them. */
  loadBegun(count: number): Promise<Load | undefined>;
  stop(): Promise<void>;
}

/** Starts `count` processes, and resolves once each listens on the bus. */
export async function raceFleet(url: string, count: number, options: RaceFleetOptions = {}): Promise<RaceFleet> {
  const [keyPrefix, channel, loads, versions] = [`${ownName()}:`, ownName(), new Array<Load>(), new Map()];
  const { skewsMs = [], redis = "up", ...given } = options;
  const children = Array.from({ length: count }, (_, at) =>
    childNode({
      worker: "race-node.mjs",
      settings: { url, keyPrefix, channel, name: `n${at}`, ...given },
      skewMs: skewsMs[at],
      hear: (message, child) => hear(message as Said, { child, loads, versions }),
    }),
  );
  await Promise.all(children.map((child) => child.ask(redis === "up" ? "listening" : "stats", [])));
  return {
    nodes: children.map(nodeOf),
    keyPrefix,
    loads,
    loadBegun: async (wanted) => {
      await eventually(
        async () => loads.length,
        (begun) => begun >= wanted,
      );
      return loads[wanted - 1];
    },
    stop: async () => {
      await Promise.all(children.map((child) => child.kill()));
    },
  };
}

type Said =
  | ({ readonly type: "load" } & Load)
  | { readonly type: "origin"; readonly number: number; readonly verb: "read" | "write"; readonly keys: string[] }
  | { readonly type?: undefined };

interface Hearing {
  readonly child: ChildNode;
  readonly loads: Load[];
  /** What the origin holds: an integer for each key, which only goes up. */
  readonly versions: Map<string, number>;
}

function hear(said: Said, { child, loads, versions }: Hearing): void {
  if (said.type === "load") loads.push(said);
  if (said.type !== "origin") return;
  const { number, verb, keys } = said;
  if (verb === "write") for (const key of keys) versions.set(key, (versions.get(key) ?? 0) + 1);
  child.tell({ type: "origin", number, versions: keys.map((key) => versions.get(key) ?? 0) });
}

function nodeOf({ ask, kill }: ChildNode): RaceNode {
  const result = async (verb: string, ...args: readonly unknown[]): Promise<unknown> => (await ask(verb, args)).result;
  return {
    get: (id) => result("get", id),
    ttl: (id) => result("ttl", id) as Promise<number>,
    set: (id, value, ttl) => result("set", id, value, ttl),
    memoryHits: async () => ((await result("stats")) as { tiers: Record<string, number> }).tiers["memory"] ?? 0,
    errors: () => result("errors") as Promise<readonly string[]>,
    stampede: (id, callers, loadMs) => result("stampede", id, callers, loadMs) as Promise<StampedeResult>,
    randomRun: (plan) => result("randomRun", plan) as Promise<RunLog>,
    kill,
  };
}
