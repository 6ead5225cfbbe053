import type { BusMessage, CacheStats } from "@granary/core";
import type { Settings } from "./settings.js";
import type { Product, Row, TableName } from "./shop.js";

/** Where a row is. */
export interface Place {
  readonly table: TableName;
  readonly id: number;
}

export interface PriceChange {
  /** Of the product. */
  readonly id: number;
  readonly cents: bigint;
}

/** Where the far tier is, as a process is told when it starts. */
export type FarAddress = { readonly kind: "redis"; readonly url: string } | { readonly kind: "embedded" };

/** What a process is told when it starts. */
export interface WorkerOptions {
  /** Its number, from 0. */
  readonly worker: number;
  readonly settings: Settings;
  readonly far: FarAddress;
  /** Begins every key, and names the channel of the bus: two demos on one Redis do not meet. */
  readonly prefix: string;
}

/** What a process may ask of the first one. */
export interface FirstProcess {
  load(place: Place): Promise<Row>;
  changePrice(change: PriceChange): Promise<Product>;
  /** These three are the embedded far store. */
  get(key: string): string | Uint8Array | undefined;
  set(item: StoredItem): void;
  delete(key: string): boolean;
  /** Tells every other process. */
  publish(message: BusMessage): void;
}

export interface StoredItem {
  readonly key: string;
  readonly data: string | Uint8Array;
}

/** How long things took, in milliseconds, one number a time. */
export type Timings = readonly number[];

export interface ShoppingResult {
  /** Of all tables together. */
  readonly stats: Pick<CacheStats, "gets" | "misses" | "tiers">;
  readonly reads: Timings;
  readonly near: Timings;
  readonly far: Timings;
  readonly source: Timings;
  /** Answers that were compared with what the source holds, and how many of them were equal to it. */
  readonly compared: number;
  readonly equal: number;
}

/** What the first process may ask of another. Instants are nanoseconds of the machine's monotonic clock. */
export interface Worker {
  /** Resolves once the process is ready to be asked anything else. */
  ready(): Promise<void>;
  shop(pages: number): Promise<ShoppingResult>;
  /** Reads one deal as often as it is told, at once; resolves to the number of reads. */
  stampede(demand: { readonly id: number; readonly readers: number }): Promise<number>;
  /** Begins to read a product over and over, until it has this price. Resolves after the first read. */
  watch(change: PriceChange): Promise<void>;
  /** The instant at which the price was seen; `undefined` if it was not seen in time. */
  seen(): Promise<bigint | undefined>;
  /** Changes a price, in the source and in the cache; resolves to the instant at which it told the cache. */
  changePrice(change: PriceChange): Promise<bigint>;
  /** Takes everything of this demo out of the far tier. */
  clear(): Promise<void>;
  close(): Promise<void>;
  /** Another process said this on the bus. */
  heard(message: BusMessage): void;
}
