import { CacheError, checkOptions, type OptionNames } from "@granary/core";
import { refuseSettings } from "./client-settings.js";
import type { CommandWord } from "./script.js";

/**
 * What this package uses of a client: a `Redis` or `Cluster` of ioredis 5 or 6 or of iovalkey, also one that
 * goes through Sentinel. It is taken by its shape, so a wrapper with these members will do. The client is yours:
 * it is never closed here, and its `keyPrefix`, `db`, credentials and retry settings hold.
 */
export interface RedisClient {
  readonly isCluster?: boolean;
  readonly options: { readonly keyPrefix?: string | undefined; readonly natMap?: NatMap | undefined };
  /** `"end"` once it is closed. */
  readonly status?: string;
  /** Whether it gives its one connection to listening. */
  readonly mode?: string;
  getBuffer(key: string): Promise<Uint8Array | null>;
  mgetBuffer(keys: string[]): Promise<(Uint8Array | null)[]>;
  callBuffer(command: string, ...words: CommandWord[]): Promise<unknown>;
  time(): Promise<unknown>;
  ping(): Promise<unknown>;
  scan(...args: ScanArguments): Promise<[cursor: string, keys: string[]]>;
  publish(channel: string, message: string): Promise<unknown>;
  /** A new connection with the same settings, except for those given. A cluster takes others, so a node is asked. */
  duplicate(settings?: object): RedisConnection;
  /** The nodes of a cluster. */
  nodes?(role: "all" | "master"): RedisNode[];
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "connect" | "ready" | "end" | "refresh", listener: () => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  off(event: "connect" | "ready" | "end" | "refresh", listener: () => void): unknown;
}

/** How the addresses that the nodes of a cluster know each other by become those that the client reaches them at. */
export type NatMap = Readonly<Record<string, NodeAddress>> | ((address: string) => NodeAddress | null);

/** Where a node of a cluster is reached. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** One server, alone or of a cluster. */
export interface RedisNode {
  scan(...args: ScanArguments): Promise<[cursor: string, keys: string[]]>;
  duplicate(settings?: object): RedisConnection;
}

/** A connection that a bus opened for itself and listens on. */
export interface RedisConnection {
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  ping(): Promise<unknown>;
  callBuffer(command: string, ...words: CommandWord[]): Promise<unknown>;
  disconnect(): void;
  /** The socket, once it is connected. */
  readonly stream?: { unref?(): unknown };
  on(event: "connect", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  /** An array of keys, or `null`, where the message is one of the server's about keys. */
  on(event: "messageBuffer", listener: (channel: Uint8Array, message: unknown) => void): unknown;
}

type ScanArguments = [cursor: string, matchToken: "MATCH", pattern: string, countToken: "COUNT", count: number];

const STORE_METHODS = [
  "getBuffer",
  "mgetBuffer",
  "callBuffer",
  "time",
  "ping",
  "scan",
  "duplicate",
  "on",
  "off",
] as const;
const BUS_METHODS = ["publish", "duplicate", "on", "off"] as const;
const TRACKING_METHODS = ["callBuffer", "duplicate", "on", "off"] as const;
const METHODS = { redisStore: STORE_METHODS, redisBus: BUS_METHODS, redisTracking: TRACKING_METHODS };

/**
 * The client among `options`, once it is known to have what `factory` needs.
 * @throws CacheError `INVALID_OPTION` where it has not.
 */
export function requireClient<Options extends { readonly client: RedisClient }>(
  factory: keyof typeof METHODS,
  options: Options,
  known: OptionNames<Options>,
): RedisClient {
  // A client in place of options is told how to be given; it has more names than can be meant.
  if (options !== undefined && !hasMethod(options, "publish")) checkOptions(options, known);
  const client: unknown = options?.client;
  const missing = METHODS[factory].find((method) => !hasMethod(client, method));
  if (missing === undefined && !(isClusterLike(client) && !hasMethod(client, "nodes"))) {
    refuseSettings(factory, options.client);
    return options.client;
  }
  throw new CacheError(
    "INVALID_OPTION",
    `${factory}() needs a client of ioredis 5 or 6, or of iovalkey, that you make: ` +
      `write ${factory}({ client: new Redis(url) }), with Redis from "ioredis". ` +
      `What it was given ${client === undefined ? "is undefined" : `has no ${missing ?? "nodes"}()`}.`,
  );
}

/** What the client puts before every key, except in SCAN. */
export function keyPrefixOf(client: RedisClient): string {
  return String(client.options?.keyPrefix ?? "");
}

function isClusterLike(client: unknown): boolean {
  return (client as RedisClient).isCluster === true;
}

function hasMethod(client: unknown, method: string): boolean {
  if (typeof client !== "object" || client === null) return false;
  return typeof (client as Record<string, unknown>)[method] === "function";
}
