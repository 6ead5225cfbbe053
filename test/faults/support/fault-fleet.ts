import type { StoreHealth } from "@granary/core";
import { type TcpProxy, tcpProxy } from "@granary/testkit/tcp-proxy";
import { type ChildNode, childNode } from "../../support/child-node.js";
import { type FaultRedis, faultRedis } from "./fault-redis.js";
import { waitUntil } from "./wait-until.js";

/** Bugs that a node may be started with, for checkers to find. */
export type Plant =
  | "no guard"
  | "forgets"
  | "deaf to gaps"
  | "throws"
  | "leaves rejections"
  | "leaks a timer"
  | "leaks memory";

export type CallKind = "hit" | "miss" | "cold" | "stale" | "write";

/** What a node counted in a tenth of a second. Instants are on a clock that all processes share. */
export interface Slice {
  /** When it ended. */
  readonly at: number;
  /** How many calls took how long: pairs of a bucket of latencies and a count. */
  readonly kinds: Readonly<Record<CallKind, ReadonlyArray<readonly [bucket: number, count: number]>>>;
  readonly state: StoreHealth["state"];
  /** Calls of Redis without an answer, and those of them that the client holds. */
  readonly pending: number;
  readonly queued: number;
  readonly owed: number;
  /** Calls of the cache that have not ended. */
  readonly open: number;
  readonly rss: number;
  readonly heapUsed: number;
}

/** What a node came to since it began to work. */
export interface NodeResult {
  readonly calls: number;
  /** Calls that had not ended long after the last one had begun. */
  readonly hung: number;
  /** Calls that rejected, by reason. */
  readonly failed: Readonly<Record<string, number>>;
  /** Reads that gave an older version than an earlier read. */
  readonly wentBack: readonly object[];
  /** `error` events, by operation and reason. */
  readonly reports: Readonly<Record<string, number>>;
  readonly unhandled: readonly string[];
  readonly breaker: ReadonlyArray<{ readonly state: StoreHealth["state"]; readonly at: number }>;
}

export interface Closing {
  /** How long `close()` of its caches took. */
  readonly closedMs: number;
  readonly unhandled: readonly string[];
  /** Timers and sockets that are still there. */
  readonly left: readonly string[];
}

export interface FaultNode {
  readonly name: string;
  readonly pid: number;
  readonly slices: readonly Slice[];
  /** The lines of its client, and of its bus, where they go through proxies. */
  readonly lines: { readonly data: TcpProxy; readonly bus: TcpProxy } | undefined;
  ask<Result = unknown>(verb: string, ...args: readonly unknown[]): Promise<Result>;
  /** Closes its caches and then its clients. */
  close(): Promise<Closing>;
  /** Has nothing more to do. Resolves to its exit code once it has ended by itself; `"stayed"` where it does not. */
  leave(): Promise<number | null | "stayed">;
}

export interface Findings {
  readonly reads: number;
  readonly changes: number;
  /** Reads that a node began after its own change had resolved, and that gave what was there before. */
  readonly own: readonly object[];
  /** How old versions were that had been changed, by any node, in milliseconds. */
  readonly ages: readonly number[];
  readonly oldest?: object;
  /** When the last of those reads began; where there was none, the beginning of what was looked at. */
  readonly lastOldAt: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Which reads are looked at, and which changes are held against them. */
export interface Question extends Span {
  readonly binds: "resolvedAt" | "takenAt";
  /** Only those that had resolved by then. */
  readonly madeUntil?: number;
}

export interface Observer {
  port(): Promise<number>;
  versions(): Promise<Readonly<Record<string, number>>>;
  /** How often each node loaded each key, as `node key`. */
  loads(): Promise<Readonly<Record<string, number>>>;
  mood(mood: { readonly loadMs?: number; readonly error?: string }): Promise<void>;
  findings(question: Question): Promise<Findings>;
}

/** Nodes under load, in processes of their own, the Redis that they share, and the observer. */
export interface FaultFleet {
  readonly redis: FaultRedis;
  readonly nodes: readonly FaultNode[];
  readonly observer: Observer;
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly plants?: readonly Plant[];
  readonly count?: number;
  /** Whether each node has lines of its own, which can be cut. */
  readonly via?: "proxies" | undefined;
  /** How Redis is when the nodes start. */
  readonly redis?: "up" | "absent" | "frozen" | undefined;
  /** The policy of the keys that are always stale. */
  readonly policy?: object;
  /** What is called: mostly what is in memory, everything alike, or only what is always stale. */
  readonly mix?: "all" | "even" | "old";
  /** What the clients of the nodes are made with, such as where its sentinels are. Default: the port of `redis`. */
  readonly client?: object;
}

/** Starts a fleet for `use`, and ends every process of it behind that. */
export async function withFleet<T>(options: FleetOptions, use: (fleet: FaultFleet) => Promise<T>): Promise<T> {
  const fleet = await faultFleet(options);
  try {
    return await use(fleet);
  } finally {
    await fleet.stop();
  }
}

export async function faultFleet(options: FleetOptions): Promise<FaultFleet> {
  const started: Array<() => Promise<unknown>> = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((end) => end()));
  };
  try {
    const redis = await faultRedis();
    started.push(() => redis.stop());
    if (options.redis !== "absent" && options.client === undefined) await redis.start();
    if (options.redis === "frozen") redis.freeze();
    const child = childNode({ worker: "../faults/support/observer.mjs", settings: {} });
    started.push(() => child.kill());
    const observer = observerOf(child);
    const originPort = await observer.port();
    const count = options.count ?? 2;
    const seats = Array.from({ length: count }, (_, at) => ({ at, count, redis, originPort, started, options }));
    const nodes = await Promise.all(seats.map(startNode));
    return { redis, nodes, observer, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Seat {
  readonly at: number;
  readonly count: number;
  readonly redis: FaultRedis;
  readonly originPort: number;
  readonly started: Array<() => Promise<unknown>>;
  readonly options: FleetOptions;
}

async function startNode({ at, count, redis, originPort, started, options }: Seat): Promise<FaultNode> {
  const { plants = [], policy, mix, client } = options;
  const lines = options.via === "proxies" ? await openLines(redis.port) : undefined;
  if (lines !== undefined) started.push(() => Promise.all([lines.data.close(), lines.bus.close()]));
  const data = client ?? { port: lines?.data.port ?? redis.port };
  const bus = lines && { port: lines.bus.port };
  const slices: Slice[] = [];
  const name = `n${at}`;
  const child = childNode({
    worker: "../faults/support/fault-node.mjs",
    settings: { name, at, nodes: count, data, bus, originPort, plants, policy, mix },
    flags: ["--expose-gc"],
    hear: (message) => {
      if (isSlice(message)) slices.push(message.slice);
    },
  });
  started.push(() => child.kill());
  await child.ask("health", []);
  return nodeOf({ child, name, slices, lines });
}

async function openLines(port: number): Promise<NonNullable<FaultNode["lines"]>> {
  const [data, bus] = await Promise.all([tcpProxy({ target: { port } }), tcpProxy({ target: { port } })]);
  return { data, bus };
}

function isSlice(message: object): message is { readonly slice: Slice } {
  return "slice" in message;
}

function nodeOf({ child, ...parts }: Pick<FaultNode, "name" | "slices" | "lines"> & { child: ChildNode }): FaultNode {
  const ask = async <Result>(verb: string, ...args: readonly unknown[]): Promise<Result> =>
    (await child.ask(verb, args)).result as Result;
  return {
    ...parts,
    pid: child.pid,
    ask,
    close: () => ask<Closing>("close"),
    async leave() {
      let code: number | null | "stayed" = "stayed";
      void child.exited.then((exited) => {
        code = exited;
      });
      await ask("leave");
      await waitUntil({ look: () => code, holds: (seen) => seen !== "stayed" }).catch(() => undefined);
      return code;
    },
  };
}

function observerOf({ ask }: ChildNode): Observer {
  const result = async <Result>(verb: string, ...args: readonly unknown[]): Promise<Result> =>
    (await ask(verb, args)).result as Result;
  return {
    port: () => result("port"),
    versions: () => result("versions"),
    loads: () => result("loads"),
    mood: (mood) => result("mood", mood),
    findings: (question) => result("findings", question),
  };
}
