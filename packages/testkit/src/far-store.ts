import {
  type Admit,
  type Awaitable,
  type CacheEntry,
  CacheError,
  type CacheStore,
  type Clock,
  checkClock,
  checkOptions,
  checkText,
  globMatcher,
  type LeaseAnswer,
  type LeasesCapability,
  type ManyCapability,
  type OptionNames,
  StoreLifecycle,
  systemClock,
  type WriteOptions,
} from "@granary/core";
import { copyEntry, FarServer } from "./far-server.js";

/** The connection between one node and the server. */
export interface FarLine {
  /** Carries a request to the server, runs `step` there in one go, and resolves when its answer is back at the node. */
  call<T>(operation: string, step: () => T): Promise<T>;
  /** Carries to the node that a lease ended: runs `task` there. */
  tell(task: () => void): void;
}

/** How a node is connected. */
export interface FarConnection {
  /** Delays, orders, holds or cuts what travels. Default: a line on which everything takes one promise job. */
  readonly line?: FarLine;
  /** The node's idea of the server's clock. Default: the server's own, exactly. */
  readonly clock?: Clock;
  /** Resolves once that clock can be relied on. Default: at once. */
  readonly ready?: () => Awaitable<void>;
}

/** A server in this process, and the nodes' connections to it. */
export interface FarStore {
  /** The view of one node. Views share what the server holds, and nothing by reference. */
  connect(connection?: FarConnection): CacheStore;
  /** The server loses all that it holds: entries, generations and leases. */
  flush(): void;
  /** The server loses the entry, or the generation of the namespace, of this name, as one does that is full. */
  evict(name: string): void;
  /** A replica has all that the server has at this moment. */
  replicate(): void;
  /** The replica takes over: what came after it was made is lost. Every connection is told. */
  failover(): void;
}

/** What `farStore` takes. */
export interface FarStoreOptions {
  /** The server's clock: deadlines and leases go by it. Default: the machine's. */
  readonly clock?: Clock;
  /** How long a lease lasts unless it is renewed, in milliseconds. Default: 3000. */
  readonly leaseMs?: number;
  /** Stands in events and statistics. Default: `"far"`. */
  readonly name?: string;
}

const OPTIONS: OptionNames<FarStoreOptions> = { clock: true, leaseMs: true, name: true };
const CONNECTION_OPTIONS: OptionNames<FarConnection> = { line: true, clock: true, ready: true };

const LEASE_MS = 3_000;

/**
 * A remote store without a network: everything that `redisStore` offers, in plain steps of one server that is
 * shared by any number of nodes. For tests of fleets, and a reference for whoever writes a remote store.
 * @throws CacheError `INVALID_OPTION`
 */
export function farStore(options: FarStoreOptions = {}): FarStore {
  checkOptions(options, OPTIONS);
  const { clock = systemClock, leaseMs = LEASE_MS, name = "far" } = options;
  checkClock(clock);
  checkText("name", name);
  if (!(leaseMs > 0)) throw new CacheError("INVALID_OPTION", "leaseMs: write a number of milliseconds above 0.");
  const server = new FarServer({ clock, leaseMs });
  const nodes = new Set<StoreLifecycle>();
  return {
    flush: () => server.flush(),
    evict: (evicted) => server.evict(evicted),
    replicate: () => server.replicate(),
    failover() {
      server.failover();
      for (const node of nodes) node.tell({ type: "failover" });
    },
    connect: (connection = {}) => {
      checkOptions(connection, CONNECTION_OPTIONS);
      const { line = directLine(), clock: nodeClock = clock, ready } = connection;
      const view = new FarView({ server, line, name, clock: nodeClock });
      const leases = farLeases({ server, line, leaseMs, view });
      const life: StoreLifecycle = new StoreLifecycle(name, () => {
        nodes.add(life);
        return () => void nodes.delete(life);
      });
      return {
        name,
        clock: nodeClock,
        admits: true,
        get: (key, now, admit) => view.get(key, now, admit),
        set: (key, entry, options) => view.set(key, entry, options),
        delete: (key) => line.call("delete", () => server.remove(key)),
        expire: (key, terms) => line.call("expire", () => server.expire(key, terms)),
        invalidate: (invalidation) => line.call("invalidate", () => server.invalidate(invalidation)),
        generations: (key) => line.call("generations", () => server.generations(key)),
        many: farMany(server, line, view),
        leases,
        on: (listener) => life.on(listener),
        walk: (glob) => walk(server, line, glob),
        ...(ready !== undefined && { ready }),
      };
    },
  };
}

interface FarViewParts {
  readonly server: FarServer;
  readonly line: FarLine;
  readonly name: string;
  readonly clock: Clock;
}

/** What a node itself does with entries: copies what it sends, judges what it gets. */
class FarView {
  readonly #parts: FarViewParts;

  constructor(parts: FarViewParts) {
    this.#parts = parts;
  }

  async get(key: string, now?: number, admit?: Admit): Promise<CacheEntry | undefined> {
    const { server, line } = this.#parts;
    const found = await line.call("get", () => server.read(key));
    return this.open(key, found, { now, admit });
  }

  async set(key: string, entry: CacheEntry, options?: WriteOptions): Promise<void> {
    const copy = copyEntry(entry);
    await this.write("set", [[key, copy]], options);
  }

  /** Writes that were given up are undone behind them, on the same line. */
  async write(operation: string, copies: Copies, { attempt, generations }: WriteOptions = {}): Promise<void> {
    const { server, line } = this.#parts;
    const undo = (): void => {
      void line.call("undo", () => copies.forEach(([key]) => void server.remove(key))).catch(() => {});
    };
    attempt?.onGiveUp(undo);
    await line.call(operation, () => copies.forEach(([key, copy]) => server.write(key, copy, generations)));
  }

  /** The entry that an answer holds, judged. */
  open(key: string, found: CacheEntry | undefined, { now, admit }: Opening): Awaitable<CacheEntry | undefined> {
    const { name, clock } = this.#parts;
    if (found === undefined || found.keepUntil <= (now ?? clock.now())) return undefined;
    const entry = { ...found, tier: name };
    return admit === undefined ? entry : admit(key, entry);
  }
}

type Copies = ReadonlyArray<readonly [key: string, entry: CacheEntry]>;

interface Opening {
  readonly now?: number | undefined;
  readonly admit?: Admit | undefined;
}

function farMany(server: FarServer, line: FarLine, view: FarView): ManyCapability {
  return {
    get: async (keys, now, admit) => {
      const found = await line.call("get many", () => keys.map((key) => server.read(key)));
      return Promise.all(keys.map((key, at) => view.open(key, found[at], { now, admit })));
    },
    set: async (entries, options) => {
      // All are copied before the first is sent: a value that cannot be written leaves nothing half done.
      const copies = entries.map(([key, entry]) => [key, copyEntry(entry)] as const);
      await view.write("set many", copies, options);
    },
    delete: (keys) => line.call("delete many", () => keys.map((key) => server.remove(key))),
  };
}

interface FarLeasesParts {
  readonly server: FarServer;
  readonly line: FarLine;
  readonly leaseMs: number;
  readonly view: FarView;
}

function farLeases({ server, line, leaseMs, view }: FarLeasesParts): LeasesCapability {
  return {
    ttlMs: leaseMs,
    acquire: async (key, token, admit): Promise<LeaseAnswer> => {
      const step = (): Acquired => ({
        other: server.acquire(key, token),
        found: server.read(key),
        generations: server.generations(key),
      });
      const { other, found, generations } = await line.call("acquire", step);
      const entry = await view.open(key, found, { admit });
      return other === undefined ? { type: "granted", entry, generations } : { type: "taken", entry, ...other };
    },
    renew: (key, token, ttlMs) => line.call("renew", () => server.renew(key, token, ttlMs)),
    fill: async (key, entry, { token, generations }) => {
      const copy = entry && copyEntry(entry);
      return line.call("fill", () => server.fill(key, copy, { token, generations }));
    },
    release: (key, token) => line.call("release", () => server.release(key, token)),
    watch: (key, wake) => server.watch(key, () => line.tell(wake)),
  };
}

interface Acquired {
  readonly other: ReturnType<FarServer["acquire"]>;
  readonly found: CacheEntry | undefined;
  readonly generations: string;
}

async function* walk(server: FarServer, line: FarLine, glob: string): AsyncGenerator<readonly string[]> {
  const matches = globMatcher(glob);
  yield await line.call("walk", () => server.keys().filter((key) => matches(key)));
}

function directLine(): FarLine {
  return { call: async (_operation, step) => step(), tell: (task) => queueMicrotask(task) };
}
