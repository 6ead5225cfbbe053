export { PendingAttempt } from "./attempt.js";
export type { LoadedItem, LoadMany, LoadManyContext } from "./batch-load.js";
export type { BusListener, BusMessage, CacheBus } from "./bus.js";
export type {
  AnyCache,
  Cache,
  CacheOptions,
  NamespaceOptions,
  SchemaOptions,
  StatsOptions,
  UntypedCache,
} from "./cache-types.js";
export { type CachedDecorator, cached } from "./cached.js";
export {
  checkClock,
  checkKnown,
  checkOptions,
  checkSerializer,
  checkText,
  type OptionNames,
} from "./check-options.js";
export { CLOCK_ERROR_MS, type Clock, runBehind, systemClock } from "./clock.js";
export { createCache } from "./create-cache.js";
export { type Duration, parseDuration } from "./duration.js";
export { decodeValue, encodeValue } from "./encoded-value.js";
export { type Awaitable, type CacheEntry, type EntryHandle, type EntryRest, isPromiseLike } from "./entry.js";
export { CacheError, type CacheErrorCode, isCacheError } from "./errors.js";
export type {
  BreakerState,
  CacheEventName,
  CacheEvents,
  CacheListener,
  CacheStats,
  StoreHealth,
} from "./events.js";
export { expireIn } from "./expire.js";
export {
  type Generation,
  type GenerationRecord,
  generationsOf,
  newEpoch,
  newRecord,
  raised,
  readGenerations,
  type Validity,
  validityOf,
} from "./generations.js";
export { globMatcher } from "./glob.js";
export type { BreakerOptions, GuardOptions } from "./guard.js";
export { guarded } from "./guarded.js";
export type { PatternOptions } from "./invalidate-pattern.js";
export { Invalidations, type InvalidationsOptions, type Ordered } from "./invalidations.js";
export { generationKey } from "./kept-generations.js";
export { type CacheKey, escapeGlob, type Id, type Params } from "./key.js";
export { expiredEntry, expiredUntil } from "./lifetime.js";
export type { Loader, UntypedLoader } from "./load.js";
export type { LoadContext, Validator } from "./load-context.js";
export { manyOf } from "./many-of.js";
export type { KeyParts } from "./parse-key.js";
export type { CallOptions, Policy } from "./policy.js";
export { processWide } from "./process-wide.js";
export { type Readies, readiness } from "./readiness.js";
export { type BuiltIn, builtInOf, isBytes, isError, isMap, isSet, messageOf } from "./realms.js";
export { isolatesRequests } from "./runtime.js";
export { callListener, safeListener } from "./safe-listener.js";
export type { OnStoreError } from "./safe-store.js";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./schema.js";
export { scopesOf } from "./scope.js";
export { type Serializer, snapshotBy } from "./serializer.js";
export {
  type Admit,
  type Attempt,
  type CacheStore,
  type ExpireTerms,
  type HandlesCapability,
  type Invalidation,
  isStore,
  type LeaseAnswer,
  type LeaseClaim,
  type LeasesCapability,
  type ManyCapability,
  type StoreEvent,
  type ValuesCapability,
  type WriteOptions,
  type WriteReason,
} from "./store.js";
export { LEASE_VERBS, MANY_VERBS, StoreLifecycle } from "./store-lifecycle.js";
export type { KeyedEntry } from "./walk.js";
export { type WarmUpOptions, type WarmUpProgress, warmUp } from "./warm-up.js";
export {
  decodeEntry,
  type EntryOrigin,
  type EntryParts,
  encodeEntry,
  encodeParts,
  readHeader,
  type SealedEntry,
  type StoredBytes,
  unseal,
} from "./wire.js";
export { withGenerations } from "./with-generations.js";
export type { Cacheable, WrapOptions, Wrapped } from "./wrap.js";
