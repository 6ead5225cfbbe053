import { type CacheStore, createCache } from "@granary/core";

/** Where rates come from. It is down now and then. */
export type RateSource = (currency: string) => Promise<number>;

export interface Rates {
  rateOf(currency: string): Promise<number>;
  /** How often an old rate was given because the source failed or was slow. */
  readonly fallbacks: number;
  close(): Promise<void>;
}

/** While the source is down, rates that are up to six hours too old are served, and the source is asked every ten seconds. */
export function main(store: CacheStore, source: RateSource): Rates {
  const rates = createCache<number>({
    store,
    namespace: "rates",
    ttl: "1m",
    staleIfError: "6h",
    retryAfter: "10s",
    softTimeout: "200ms",
  });
  let fallbacks = 0;
  rates.on("fallback", () => {
    fallbacks += 1;
  });
  return {
    rateOf: (currency) => rates.getOrSet(currency, () => source(currency)),
    get fallbacks() {
      return fallbacks;
    },
    close: () => rates.close(),
  };
}
