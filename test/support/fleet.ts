import type { CacheStats } from "@granary/core";
import { type ChildNode, childNode } from "./child-node.js";
import { ownName } from "./redis-client.js";

/** What a node saw of one key: a value, when it first saw it, and how often in a row. `null` is nothing. */
export interface Seen {
  readonly value: unknown;
  readonly at: number;
  readonly reads: number;
}

/** What a stampede came to. */
export interface Stampede {
  readonly loads: number;
  readonly values: readonly unknown[];
  readonly callers: number;
}

/** One process with its own L1. */
export interface FleetNode {
  readonly pid: number;
  get(id: string): Promise<unknown>;
  getOrSet(id: string, value: unknown): Promise<unknown>;
  /** These change a key, and resolve to when that was done, on a clock that all nodes share. */
  set(id: string, value: unknown): Promise<number>;
  delete(id: string): Promise<number>;
  expire(id: string): Promise<number>;
  clear(): Promise<number>;
  stats(): Promise<CacheStats>;
  stampede(id: string, callers: number): Promise<Stampede>;
  /** Begins to read `id` over and over; resolves after the first read. */
  watch(id: string): Promise<void>;
  /** Ends all that it watches. */
  unwatch(): Promise<unknown>;
  watched(id: string): Promise<readonly Seen[]>;
}

/** Nodes that share one Redis and one bus. */
export interface Fleet {
  readonly channel: string;
  /** Starts a process. `url` is given where a node is to have another way to Redis than the rest. */
  start(url?: string): Promise<FleetNode>;
  stop(): Promise<void>;
}

/** A fleet without nodes yet, with keys and a channel of its own. */
export function fleet(redisUrl: string): Fleet {
  const [keyPrefix, channel] = [`${ownName()}:`, ownName()];
  const children: ChildNode[] = [];
  return {
    channel,
    async start(url = redisUrl) {
      const child = childNode({ worker: "cache-node.mjs", settings: { url, keyPrefix, channel } });
      children.push(child);
      const node = nodeOf(child);
      await node.stats();
      return node;
    },
    async stop() {
      await Promise.all(children.map((child) => child.kill()));
    },
  };
}

function nodeOf({ pid, ask }: ChildNode): FleetNode {
  const result = async (verb: string, ...args: readonly unknown[]): Promise<unknown> => (await ask(verb, args)).result;
  const changed = async (verb: string, ...args: readonly unknown[]): Promise<number> => (await ask(verb, args)).at;
  return {
    pid,
    get: (id) => result("get", id),
    getOrSet: (id, value) => result("getOrSet", id, value),
    set: (id, value) => changed("set", id, value),
    delete: (id) => changed("delete", id),
    expire: (id) => changed("expire", id),
    clear: () => changed("clear"),
    stats: () => result("stats") as Promise<CacheStats>,
    stampede: (id, callers) => result("stampede", id, callers) as Promise<Stampede>,
    watch: (id) => result("watch", id) as Promise<void>,
    unwatch: () => result("unwatch"),
    watched: (id) => result("watched", id) as Promise<readonly Seen[]>,
  };
}
