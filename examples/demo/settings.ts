import type { Sizes } from "./shop.js";

/** How large the demo is. */
export interface Settings {
  readonly processes: number;
  readonly sizes: Sizes;
  /** Entries that the memory of one process holds: fewer than there are rows, so that the far tier has work too. */
  readonly maxEntries: number;
  /** Pages that are shown, by all processes together. */
  readonly pages: number;
  /** Readers that ask for one deal at once, in each process. */
  readonly readers: number;
  readonly priceChanges: number;
}

/**
 * The settings at `GRANARY_DEMO_SCALE`, a number above 0 and up to 1; it makes the demo shorter.
 * @throws Error where it is something else.
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const given = environment["GRANARY_DEMO_SCALE"] ?? "1";
  const scale = Number(given);
  if (!(scale > 0 && scale <= 1)) throw new Error(`GRANARY_DEMO_SCALE is a number from 0 to 1, not "${given}".`);
  const scaled = (count: number): number => Math.ceil(count * scale);
  return {
    processes: 4,
    sizes: { products: scaled(1_500), customers: scaled(1_000), orders: scaled(2_000), deals: scaled(10) },
    maxEntries: scaled(1_000),
    pages: scaled(20_000),
    readers: scaled(250),
    priceChanges: scaled(25),
  };
}
