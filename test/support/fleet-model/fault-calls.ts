import type { CallOptions } from "@granary/core";
import type { Change, ChangeKind, FaultLog, Moment, Read, ReadKind } from "./fault-log.js";
import type { Fleet, FleetNode } from "./fleet.js";
import type { Value } from "./history.js";
import type { Random } from "./random.js";
import { keyed } from "./run.js";

/** The keys of the application, and the tag that the values of each carry. */
export const TAG_OF: Readonly<Record<string, string>> = { a: "t", b: "t", "child:c": "t", "child:d": "u" };
export const KEYS = Object.keys(TAG_OF);
const ROOT_KEYS = KEYS.filter((key) => !key.startsWith("child:"));

/** How often each call is made. */
const CALLS = {
  get: 8,
  getMany: 1,
  getOrSet: 9,
  set: 4,
  setMany: 0.5,
  delete: 3,
  deleteMany: 0.5,
  expire: 1,
  invalidateTags: 1.5,
  clear: 0.5,
} as const;

/** How values are read by `getOrSet`, each as often as it stands here. */
const POLICIES: readonly CallOptions[] = [
  {},
  {},
  {},
  { refreshAhead: 0.5 },
  { staleWhileRevalidate: 5_000 },
  { staleIfError: 5_000, softTimeout: 50 },
];
const TTLS_MS = [60_000, 60_000, 60_000, 4_000, 800] as const;

/** Applications on all nodes of a fleet, which call what they like. */
export class Callers {
  /** What they call about. */
  keys: readonly string[] = KEYS;
  readonly #fleet: Fleet;
  readonly #log: FaultLog;
  readonly #random: Random;

  constructor(fleet: Fleet, log: FaultLog, random: Random) {
    this.#fleet = fleet;
    this.#log = log;
    this.#random = random;
  }

  /** One call of a node. */
  call(node: FleetNode): void {
    const random = this.#random;
    const kind = random.weighted(CALLS);
    const key = random.pick(this.keys);
    if (kind === "get" || kind === "getOrSet") this.#read(node, kind, [key]);
    else if (kind === "getMany") this.#read(node, kind, ROOT_KEYS);
    else this.#change(node, kind, this.#concerned(kind, key));
  }

  #concerned(kind: ChangeKind, key: string): readonly string[] {
    const isInScope = (other: string): boolean => !key.startsWith("child:") || other.startsWith("child:");
    if (kind === "clear") return KEYS.filter(isInScope);
    if (kind === "invalidateTags") return KEYS.filter((other) => isInScope(other) && TAG_OF[other] === TAG_OF[key]);
    return kind === "setMany" || kind === "deleteMany" ? ROOT_KEYS : [key];
  }

  #read(node: FleetNode, kind: ReadKind, keys: readonly string[]): void {
    const policy = this.#random.pick(POLICIES);
    const servesStale = kind === "getOrSet" && (policy.staleIfError ?? policy.staleWhileRevalidate) !== undefined;
    const begun = this.#now();
    const reads = keys.map((key): Read => ({ node: node.index, kind, key, servesStale, begun, outcome: "pending" }));
    this.#log.reads.push(...reads);
    this.#perform(node, { kind, keys, policy }).then(
      (values) => reads.forEach((read, at) => this.#seen(read, (values as Array<Value | undefined>)[at])),
      (error: unknown) => {
        for (const read of reads) Object.assign(read, { outcome: "failed", ended: this.#now(), error });
      },
    );
  }

  #seen(read: Read, value: Value | undefined): void {
    read.outcome = "done";
    read.ended = this.#now();
    read.serial = value?.serial;
    read.version = value?.version;
    this.#log.tell(read.ended.ms, () => {
      const stale = read.servesStale ? " (may be stale)" : "";
      return `node ${read.node} ${read.kind} ${read.key}${stale} since ${read.begun.ms.toFixed(1)}: ${describe(value)}`;
    });
  }

  #change(node: FleetNode, kind: ChangeKind, keys: readonly string[]): void {
    const values = new Map(keys.map((key) => [key, this.#fleet.origin.write(key)]));
    const isWrite = kind === "set" || kind === "setMany";
    const change: Change = this.#log.begin({
      node: node.index,
      kind,
      begun: this.#now(),
      versions: new Map([...values].map(([key, { version }]) => [key, version])),
      wrote: new Set(isWrite ? [...values.values()].map(({ serial }) => serial) : []),
    });
    const told = [...values].map(([key, value]) => `${key} ${describe(value)}`).join(", ");
    this.#log.tell(change.begun.ms, () => `node ${node.index} ${kind} begins: ${told}`);
    const ended = (did: unknown): void => {
      change.ended = this.#now();
      change.did = did;
      this.#log.tell(change.ended.ms, () => `node ${node.index} ${kind} ended, ${String(did)}: ${told}`);
    };
    this.#perform(node, { kind, keys, values, policy: {} }).then(ended, ended);
  }

  #perform(node: FleetNode, { kind, keys, values, policy }: Performance): Promise<unknown> {
    const [key = ""] = keys;
    const [cache, id] = keyed(node, key);
    const options = { ...policy, ttl: this.#random.pick(TTLS_MS), tags: [TAG_OF[key] ?? ""] };
    const valueOf = (of: string): Value => values?.get(of) as Value;
    switch (kind) {
      case "get":
        return cache.get(id).then((value) => [value]);
      case "getMany":
        return node.cache.getMany(keys).then((found) => keys.map((each) => found.get(each)));
      case "getOrSet": {
        const question = { key, policy: "plain", node: node.index };
        return cache
          .getOrSet(id, (session) => this.#fleet.origin.load(question, session), options)
          .then((value) => [value]);
      }
      case "set":
        return cache.set(id, valueOf(key), options);
      case "setMany":
        return node.cache.setMany(
          keys.map((each) => [each, valueOf(each)] as const),
          options,
        );
      case "delete":
        return cache.delete(id);
      case "deleteMany":
        return node.cache.deleteMany([...keys]);
      case "expire":
        return cache.expire(id, { staleIfError: 5_000 });
      case "invalidateTags":
        return cache.invalidateTags(TAG_OF[key] ?? "");
      case "clear":
        return cache.clear();
    }
  }

  #now(): Moment {
    return { ms: this.#fleet.steady.now(), step: this.#fleet.recorder.step() };
  }
}

interface Performance {
  readonly kind: ReadKind | ChangeKind;
  readonly keys: readonly string[];
  readonly values?: ReadonlyMap<string, Value>;
  readonly policy: CallOptions;
}

function describe(value: Value | undefined): string {
  return value === undefined ? "nothing" : `version ${value.version} (value ${value.serial})`;
}
