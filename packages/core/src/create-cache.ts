import { type CacheFamily, StoreCache } from "./cache.js";
import type { Cache, CacheOptions, NamespaceOptions, SchemaOptions, UntypedCache } from "./cache-types.js";
import { checkClock, checkOptions, type OptionNames } from "./check-options.js";
import { type Clock, systemClock } from "./clock.js";
import { closedStore, type StoreSource } from "./closed-store.js";
import type { CacheContext } from "./context.js";
import type { Counters } from "./counters.js";
import { Emitter } from "./emitter.js";
import { CacheError, isCacheError } from "./errors.js";
import { checkName, type KeySpace, Keys } from "./key.js";
import { isAbsentResult } from "./lifetime.js";
import { Namespaces } from "./namespaces.js";
import { DEFAULT_POLICY, POLICY_OPTIONS, type ResolvedPolicy, resolvePolicy } from "./policy.js";
import { RefusedValues } from "./refused-values.js";
import { type OnStoreError, SafeStore } from "./safe-store.js";
import type { StandardSchema } from "./schema.js";
import { basesOf } from "./scope.js";
import { type CacheStore, isStore, type StoreEvent } from "./store.js";
import { asStoreError } from "./store-error.js";
import { type StoreShare, shareOf } from "./store-share.js";
import { admitWith, checkValue, type ValueCheck } from "./value-check.js";

const CHILD_OPTIONS: OptionNames<NamespaceOptions<unknown>> = { ...POLICY_OPTIONS, schema: true, onStoreError: true };
const OPTIONS: OptionNames<CacheOptions<unknown>> = {
  store: true,
  namespace: true,
  prefix: true,
  version: true,
  clock: true,
  ...CHILD_OPTIONS,
};

/**
 * A typed, namespaced cache over `options.store`. With a schema, `set` and loaders take its input, and reads give its
 * output.
 * @throws CacheError `INVALID_OPTION` or `INVALID_KEY`, at once, where an option is not of its form.
 */
export function createCache<T, In>(options: CacheOptions<T> & SchemaOptions<T, In>): Cache<T, In>;
/** The same without a type: each call has that of its loader. */
export function createCache(options: CacheOptions<unknown>): UntypedCache;
/** The same with a type that is written out: `createCache<User>({ store })`. */
export function createCache<T>(options: CacheOptions<T>): Cache<T>;
export function createCache(options: CacheOptions<unknown>): UntypedCache {
  checkOptions(options, OPTIONS);
  checkClock(options.clock);
  const store = checkStore(options.store);
  const clock = options.clock ?? store.clock ?? systemClock;
  const heritage: Heritage = {
    space: {
      prefix: checkName("prefix", options.prefix ?? "granary"),
      version: checkName("version", options.version ?? "v1"),
      namespace: checkName("namespace", options.namespace ?? "default"),
    },
    policy: resolvePolicy(DEFAULT_POLICY, options),
    check: checkOf(options, clock),
    onStoreError: checkOnStoreError(options.onStoreError ?? "ignore"),
    emitter: new Emitter(),
  };
  return new Family(store, clock).open(heritage);
}

/** What a child has of its parent, and a root of the options and defaults. */
interface Heritage {
  readonly space: KeySpace;
  readonly policy: ResolvedPolicy;
  readonly check: ValueCheck | undefined;
  readonly onStoreError: OnStoreError;
  readonly emitter: Emitter;
}

/** A cache with its children, which live and end together. */
class Family implements CacheFamily {
  closed = false;
  readonly #clock: Clock;
  readonly #share: StoreShare;
  readonly #namespaces: Namespaces;
  readonly #source: StoreSource;
  #root: CacheContext | undefined;
  #leave: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;

  constructor(store: CacheStore, clock: Clock) {
    this.#clock = clock;
    this.#namespaces = new Namespaces(store.tier ?? store.name);
    this.#share = shareOf(store, this.#clock);
    this.#source = { store: this.#share.store };
  }

  open(heritage: Heritage): UntypedCache {
    const context = this.#contextOf(heritage);
    this.#root = context;
    this.#leave = listenWeakly(this.#share, context);
    ABANDONED?.register(this, this.#leave, this);
    return new StoreCache(context, this);
  }

  child(parent: CacheContext, name: string, options: NamespaceOptions<unknown>): UntypedCache {
    checkOptions(options, CHILD_OPTIONS);
    const space = { ...parent.keys.space, namespace: `${parent.keys.space.namespace}/${checkName("namespace", name)}` };
    const context = this.#contextOf({
      space,
      policy: resolvePolicy(parent.policy, options),
      check: checkOf(options, this.#clock) ?? parent.check,
      onStoreError: checkOnStoreError(options.onStoreError ?? parent.store.onStoreError),
      emitter: new Emitter(parent.emitter),
    });
    return new StoreCache(context, this);
  }

  /** The names of the children of a cache, and of theirs. */
  childrenOf({ keys }: CacheContext): readonly string[] {
    return this.#namespaces.below(keys.space.namespace);
  }

  /** What a cache and its children have counted. */
  countsOf({ keys }: CacheContext): Counters {
    return this.#namespaces.family(keys.space.namespace);
  }

  async close(context: CacheContext): Promise<void> {
    context.emitter.close();
    if (context === this.#root) await (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.closed = true;
    this.#source.store = closedStore;
    ABANDONED?.unregister(this);
    await this.#leave?.();
  }

  #contextOf({ space, policy, check, onStoreError, emitter }: Heritage): CacheContext {
    const { counters, wrapped } = this.#namespaces.of(space.namespace);
    const refused = new RefusedValues();
    const report = (operation: string, error: unknown, key?: string): void => {
      // Whoever closed the cache does not listen any more, and did not ask to hear of what was cut off.
      if (this.closed) return;
      // What was not asked has not failed. The guard tells of the first of many, and the statistics count them.
      if (isCacheError(error, "STORE_UNAVAILABLE") && operation !== "refused") return;
      if (operation === "fill" && isCacheError(error, "INVALID_VALUE")) {
        counters.unserializable += 1;
        if (key !== undefined && !refused.isDue(key, this.#clock.now())) return;
      }
      counters.errors += 1;
      emitter.emitError({ operation, error, ...(key !== undefined && { key }) });
    };
    const isAbsent = (value: unknown): boolean => isAbsentResult(policy, value);
    const invalid = (key: string, error: unknown): void => report("validate", error, key);
    const admit = check && admitWith({ check, limitMs: policy.hardTimeoutMs, isAbsent, report: invalid });
    const unwritable = (): void => void (counters.unserializable += 1);
    const store = new SafeStore({ source: this.#source, onStoreError, admit, report, unwritable });
    const { flights } = this.#share;
    const context: CacheContext = {
      store,
      clock: this.#clock,
      keys: new Keys(space, { areKept: this.#share.store.handles !== undefined }),
      policy,
      flights,
      emitter,
      counters,
      check,
      report,
      isClosed: () => this.closed,
      wrapped,
    };
    this.#namespaces.heldBy(space.namespace, context);
    return context;
  }
}

/** Caches that nobody can reach any more, and that nobody has closed, leave their store as closed ones do. */
const ABANDONED =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry((leave: () => Promise<void>) => void leave().catch(() => {}));

/** Tells the cache of what its store tells, for as long as anybody has the cache. Returns what leaves the store. */
function listenWeakly(share: StoreShare, context: CacheContext): () => Promise<void> {
  const reachable = weakly(context);
  const silence = share.listen((event) => {
    const heard = reachable.deref();
    if (heard !== undefined) tellStoreEvent(heard, event);
  });
  return () => {
    silence();
    return share.leave();
  };
}

/** Apart from what else is made there: functions of one call keep alive whatever any of them refers to. */
function weakly<T extends object>(target: T): { deref(): T | undefined } {
  return typeof WeakRef === "undefined" ? { deref: () => target } : new WeakRef(target);
}

/** Tells of a failure that no call of this process waits for, where it may concern this cache. */
function tellStoreEvent({ keys, report, emitter, store }: CacheContext, event: StoreEvent): void {
  if (event.type === "breaker" && emitter.heard.breaker > 0) {
    emitter.emit("breaker", { store: event.store, state: event.state });
  }
  if (event.type !== "error") return;
  const { operation, key } = event;
  if (key !== undefined && !basesOf(keys.scope).some((base) => key.startsWith(base))) return;
  // What a listener has thrown is its own.
  const isStores = !operation.startsWith("listener of ");
  report(operation, isStores ? asStoreError(event.error, store.name) : event.error, key);
}

function checkOf({ schema }: { readonly schema?: StandardSchema }, clock: Clock): ValueCheck | undefined {
  if (schema === undefined) return undefined;
  if (typeof schema?.["~standard"]?.validate === "function") return checkValue(schema, clock);
  throw new CacheError(
    "INVALID_OPTION",
    "schema: takes a Standard Schema validator, such as one of zod, valibot or arktype.",
  );
}

function checkOnStoreError(onStoreError: OnStoreError): OnStoreError {
  if (onStoreError === "ignore" || onStoreError === "throw") return onStoreError;
  throw new CacheError(
    "INVALID_OPTION",
    `onStoreError: write "ignore" or "throw", not ${JSON.stringify(onStoreError)}.`,
  );
}

function checkStore(store: CacheStore): CacheStore {
  if (isStore(store)) return store;
  throw new CacheError(
    "INVALID_OPTION",
    "store: takes a CacheStore, an object with a name, get, set and delete, such as memoryStore().",
  );
}
