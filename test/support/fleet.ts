import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CacheStats } from "@granary/core";
import { ownName } from "./redis-client.js";
import { packages, root } from "./workspace.js";

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
  watched(id: string): Promise<readonly Seen[]>;
}

/** Nodes that share one Redis and one bus. */
export interface Fleet {
  readonly channel: string;
  /** Starts a process. `url` is given where a node is to have another way to Redis than the rest. */
  start(url?: string): Promise<FleetNode>;
  stop(): Promise<void>;
}

const WORKER = fileURLToPath(new URL("cache-node.mjs", import.meta.url));

/** A fleet without nodes yet, with keys and a channel of its own. */
export function fleet(redisUrl: string): Fleet {
  const [keyPrefix, channel] = [`${ownName()}:`, ownName()];
  const processes: ChildProcess[] = [];
  requireBuilt();
  return {
    channel,
    async start(url = redisUrl) {
      const child = fork(WORKER, [JSON.stringify({ url, keyPrefix, channel })]);
      processes.push(child);
      const node = nodeOf(child);
      await node.stats();
      return node;
    },
    async stop() {
      await Promise.all(processes.map(ended));
    },
  };
}

function nodeOf(child: ChildProcess): FleetNode {
  const ask = caller(child);
  const result = async (verb: string, ...args: readonly unknown[]): Promise<unknown> => (await ask(verb, args)).result;
  const changed = async (verb: string, ...args: readonly unknown[]): Promise<number> => (await ask(verb, args)).at;
  return {
    pid: child.pid ?? 0,
    get: (id) => result("get", id),
    getOrSet: (id, value) => result("getOrSet", id, value),
    set: (id, value) => changed("set", id, value),
    delete: (id) => changed("delete", id),
    expire: (id) => changed("expire", id),
    clear: () => changed("clear"),
    stats: () => result("stats") as Promise<CacheStats>,
    stampede: (id, callers) => result("stampede", id, callers) as Promise<Stampede>,
    watch: (id) => result("watch", id) as Promise<void>,
    watched: (id) => result("watched", id) as Promise<readonly Seen[]>,
  };
}

interface Answer {
  readonly call: number;
  readonly result?: unknown;
  readonly at: number;
  readonly error?: string;
}

/** Asks the process, and rejects what it was asked where it ends without an answer. */
function caller(child: ChildProcess): (verb: string, args: readonly unknown[]) => Promise<Answer> {
  const waiting = new Map<number, (answer: Answer) => void>();
  let calls = 0;
  child.on("message", (answer: Answer) => {
    waiting.get(answer.call)?.(answer);
    waiting.delete(answer.call);
  });
  child.once("exit", (code) => {
    for (const [call, settle] of waiting) settle({ call, at: 0, error: `The node ended with code ${String(code)}.` });
  });
  return (verb, args) =>
    new Promise((resolve, reject) => {
      calls += 1;
      waiting.set(calls, (answer) => {
        if (answer.error === undefined) resolve(answer);
        else reject(new Error(answer.error));
      });
      child.send({ call: calls, verb, args });
    });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

/** The processes run the built packages, which tests by themselves do not need. */
function requireBuilt(): void {
  const missing = packages.filter((name) => !existsSync(`${root}packages/${name}/dist/index.js`));
  if (missing.length > 0) throw new Error(`Build first, with "npx tsc -b": there is no dist of ${missing.join(", ")}.`);
}
