import { randomUUID } from "node:crypto";
import { Cluster, Redis } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis-5";
import ioredis5First, { Cluster as FirstCluster5 } from "ioredis-5-first";
import { Cluster as LastCluster5, Redis as LastRedis5 } from "ioredis-5-last";
import { Redis as Valkey, Cluster as ValkeyCluster } from "iovalkey";
import { onTestFinished } from "vitest";

interface Options {
  readonly keyPrefix?: string;
  readonly connectionName?: string;
  readonly enableOfflineQueue?: boolean;
  readonly sentinels?: { readonly host: string; readonly port: number }[];
  readonly name?: string;
}

/** Each library that a client may come from. */
export const LIBRARIES = [
  {
    library: "ioredis 6",
    connect: (url: string, options: Options = {}) => new Redis(url, options),
    connectCluster: (port: number, options: Options = {}) => new Cluster([{ host: "127.0.0.1", port }], options),
  },
  {
    library: "ioredis 5",
    connect: (url: string, options: Options = {}) => new Redis5(url, options),
    connectCluster: (port: number, options: Options = {}) => new Cluster5([{ host: "127.0.0.1", port }], options),
  },
  {
    library: "iovalkey",
    connect: (url: string, options: Options = {}) => new Valkey(url, options),
    connectCluster: (port: number, options: Options = {}) => new ValkeyCluster([{ host: "127.0.0.1", port }], options),
  },
] as const;

/** These, and the first and the last 5 that were published: for what hangs on how a library is written. */
export const ALL_LIBRARIES = [
  ...LIBRARIES,
  {
    library: "ioredis 5.0.0",
    connect: (url: string, options: Options = {}) => new ioredis5First.default(url, options),
    connectCluster: (port: number, options: Options = {}) => new FirstCluster5([{ host: "127.0.0.1", port }], options),
  },
  {
    library: "ioredis 5.11",
    connect: (url: string, options: Options = {}) => new LastRedis5(url, options),
    connectCluster: (port: number, options: Options = {}) => new LastCluster5([{ host: "127.0.0.1", port }], options),
  },
] as const;

/** Disconnects `client` when the test is over. */
export function forThisTest<C extends { disconnect(): void }>(client: C): C {
  onTestFinished(() => client.disconnect());
  return client;
}

/** A prefix that no other test has. */
export function ownPrefix(): string {
  return `test:${randomUUID()}:`;
}

/** What a store or a bus declares, when a test needs it. */
export function declared<T>(capability: T | undefined): T {
  if (capability === undefined) throw new Error("The capability is not declared.");
  return capability;
}
