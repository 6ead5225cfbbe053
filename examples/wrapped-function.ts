import { type CacheStore, cached, createCache } from "@granary/core";

export interface Place {
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
}

/** A route planner, which is slow. */
export type Planner = (from: Place, to: Place) => Promise<number>;

export interface Journeys {
  /** Kilometres by road. */
  distance(from: Place, to: Place): Promise<number>;
  /** The same distance by the names of the places alone. */
  distanceByName(from: Place, to: Place): Promise<number>;
  /** Forgets what `distance` found for these two. */
  forget(from: Place, to: Place): Promise<boolean>;
  readonly fares: { fare(kilometres: number): Promise<number> };
  close(): Promise<void>;
}

/** A function, wrapped: the same arguments and the same result, computed once. */
export function main(store: CacheStore, planner: Planner): Journeys {
  const cache = createCache<number>({ store, namespace: "journeys", ttl: "1d" });

  class Fares {
    readonly perKilometre = 0.3;
    computed = 0;

    @cached(cache, { id: "fare" })
    async fare(kilometres: number): Promise<number> {
      this.computed += 1;
      return kilometres * this.perKilometre;
    }
  }

  return {
    // The key is made of the text and of all arguments, in any order of their properties.
    distance: cache.wrap(planner, { id: "distance" }),
    // The key is what the function says.
    distanceByName: cache.wrap(planner, { id: (from, to) => `${from.name} to ${to.name}`, ttl: "7d" }),
    forget: (from, to) => cache.delete("distance", { params: [{ ...from }, { ...to }] }),
    fares: new Fares(),
    close: () => cache.close(),
  };
}
