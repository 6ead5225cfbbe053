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
  type MarksCapability,
  type MissedChange,
  type OptionNames,
  systemClock,
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
  /** The server loses all that it holds: entries, marks and leases. */
  flush(): void;
}

/** What `farStore` takes. */
export interface FarStoreOptions {
  /** The server's clock: deadlines, leases and marks go by it. Default: the machine's. */
  readonly clock?: Clock;
  /** How long a lease lasts unless it is renewed, in milliseconds. Default: 3000. */
  readonly leaseMs?: number;
  /** Stands in events and statistics. Default: `"far"`. */
  readonly name?: string;
}

const OPTIONS: OptionNames<FarStoreOptions> = { clock: true, leaseMs: true, name: true };
const CONNECTION_OPTIONS: OptionNames<FarConnection> = { line: true, clock: true, ready: true };

const LEASE_MS = 3_000;

/** As a guard counts them. */
const KEYS_A_TIMEOUT = 1_000;

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
  return {
    flush: () => server.flush(),
    connect: (connection = {}) => {
      checkOptions(connection, CONNECTION_OPTIONS);
      const { line = directLine(), clock: nodeClock = clock, ready } = connection;
      const view = new FarView({ server, line, name, clock: nodeClock });
      const leases = farLeases({ server, line, leaseMs, view });
      return {
        name,
        clock: nodeClock,
        admits: true,
        get: (key, now, admit) => view.get(key, now, admit),
        set: (key, entry) => view.set(key, entry),
        delete: (key, at) => line.call("delete", () => server.remove(key, at)),
        replay: (key, change) => view.replay(key, change),
        many: farMany(server, line, view),
        marks: farMarks(server, line),
        leases,
        giveUpAfter: (ms) => view.giveUpAfter(ms),
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
  #patienceMs: number | undefined;

  constructor(parts: FarViewParts) {
    this.#parts = parts;
  }

  async get(key: string, now?: number, admit?: Admit): Promise<CacheEntry | undefined> {
    const { server, line } = this.#parts;
    const found = await line.call("get", () => server.read(key));
    return this.open(key, found, { now, admit });
  }

  async set(key: string, entry: CacheEntry): Promise<void> {
    const { server, line } = this.#parts;
    const copy = copyEntry(entry);
    await line.call(
      "set",
      this.inTime(() => server.write(key, copy)),
    );
  }

  giveUpAfter(ms: number): void {
    this.#patienceMs = Math.max(this.#patienceMs ?? 0, ms);
  }

  /** `step`, unless by then whoever asks for it now has given it up. A call for thousands of keys is waited for longer. */
  inTime<T>(step: () => T, keys = 1): () => T {
    if (this.#patienceMs === undefined) return step;
    const { server, clock } = this.#parts;
    const until = clock.now() + this.#patienceMs * Math.max(1, Math.ceil(keys / KEYS_A_TIMEOUT));
    return () => {
      if (server.isInTime(until)) return step();
      throw new CacheError("STORE_TIMEOUT", "This has come too late, and was not done.");
    };
  }

  async replay(key: string, { at, entry }: MissedChange): Promise<boolean> {
    const { server, line } = this.#parts;
    const copy = entry === undefined ? undefined : copyEntry(entry);
    return line.call("replay", () => server.replay(key, { at, entry: copy }));
  }

  /** The entry that an answer holds, judged. */
  open(key: string, found: CacheEntry | undefined, { now, admit }: Opening): Awaitable<CacheEntry | undefined> {
    const { name, clock } = this.#parts;
    if (found === undefined || found.keepUntil <= (now ?? clock.now())) return undefined;
    const entry = { ...found, tier: name };
    return admit === undefined ? entry : admit(key, entry);
  }
}

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
    set: async (entries) => {
      // All are copied before the first is sent: a value that cannot be written leaves nothing half done.
      const copies = entries.map(([key, entry]) => [key, copyEntry(entry)] as const);
      const write = (): void => {
        for (const [key, copy] of copies) server.write(key, copy);
      };
      await line.call("set many", view.inTime(write, copies.length));
    },
    delete: (keys, at) => line.call("delete many", () => keys.map((key) => server.remove(key, at))),
  };
}

function farMarks(server: FarServer, line: FarLine): MarksCapability {
  return {
    read: (scopes) => line.call("read marks", () => scopes.map((scope) => server.scopeMark(scope))),
    readTags: (scope, tags) => line.call("read tags", () => tags.map((tag) => server.tagMark(scope, tag))),
    raise: (invalidation, atLeast) => line.call("raise", () => server.raise(invalidation, atLeast)),
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
      const step = (): Acquired => ({ other: server.acquire(key, token), found: server.read(key) });
      const { other, found } = await line.call("acquire", view.inTime(step));
      const entry = await view.open(key, found, { admit });
      return other === undefined ? { type: "granted", entry } : { type: "taken", entry, ...other };
    },
    renew: (key, token, ttlMs) => line.call("renew", () => server.renew(key, token, ttlMs)),
    fill: async (key, entry, { token }) => {
      const copy = entry && copyEntry(entry);
      return line.call("fill", () => server.fill(key, copy, token));
    },
    release: (key, token) => line.call("release", () => server.release(key, token)),
    watch: (key, wake) => server.watch(key, () => line.tell(wake)),
  };
}

interface Acquired {
  readonly other: ReturnType<FarServer["acquire"]>;
  readonly found: CacheEntry | undefined;
}

async function* walk(server: FarServer, line: FarLine, glob: string): AsyncGenerator<readonly string[]> {
  const matches = globMatcher(glob);
  yield await line.call("walk", () => server.keys().filter((key) => matches(key)));
}

function directLine(): FarLine {
  return { call: async (_operation, step) => step(), tell: (task) => queueMicrotask(task) };
}
