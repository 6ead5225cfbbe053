import type { CallOptions } from "@granary/core";

export const TTL_MS = 1_000;

/** How a value is read or written in the model. */
export interface ModelPolicy {
  readonly options: CallOptions;
  /** A loader under this policy names its tags at its very end. */
  readonly lateTags?: readonly string[];
  /** A loader under this policy asks the origin whether the value that it has still holds. */
  readonly isConditional?: true;
  /** A reader under this policy may be given a stale value. */
  readonly servesStale?: true;
}

/** The paths that a load can take. */
export const POLICIES: Readonly<Record<string, ModelPolicy>> = {
  plain: { options: {} },
  tagged: { options: { tags: ["t"] } },
  lateTags: { options: { staleWhileRevalidate: 5_000 }, lateTags: ["t"], servesStale: true },
  swr: { options: { staleWhileRevalidate: 5_000, tags: ["t"] }, servesStale: true },
  ahead: { options: { refreshAhead: 0.5, tags: ["u"] } },
  soft: { options: { staleIfError: 5_000, softTimeout: 50, tags: ["t"] }, servesStale: true },
  sie: { options: { staleIfError: 5_000 }, servesStale: true },
  conditional: {
    options: { staleIfError: 5_000, staleWhileRevalidate: 500, tags: ["t"] },
    isConditional: true,
    servesStale: true,
  },
};

export function policyOf(name: string | undefined): ModelPolicy {
  return POLICIES[name ?? "plain"] ?? { options: {} };
}
