import { Counters } from "./counters.js";

/** What the caches of one namespace share, however often it was asked for. */
export interface NamespaceState {
  readonly counters: Counters;
  /** What was counted in children that nobody holds any more. */
  readonly departed: Counters;
  /** The texts of the functions that are wrapped here, by their ids. */
  readonly wrapped: Map<string, string>;
}

interface Held extends NamespaceState {
  holders: number;
}

/**
 * The namespaces of a cache and its children. One that nobody holds any more leaves its counts to its parent, and nothing
 * else: a program may ask for one for each of its users.
 */
export class Namespaces {
  readonly #tier: string;
  readonly #held = new Map<string, Held>();
  readonly #left: FinalizationRegistry<string> | undefined;

  constructor(tier: string) {
    this.#tier = tier;
    // Absent in some runtimes at the edge, where a process is short.
    if (typeof FinalizationRegistry === "function") this.#left = new FinalizationRegistry((name) => this.#leave(name));
  }

  /** The state of the namespace `name`, of which a cache is about to be made. */
  of(name: string): NamespaceState {
    const held = this.#held.get(name) ?? this.#make();
    held.holders += 1;
    this.#held.set(name, held);
    return held;
  }

  /** The state is held for as long as `holder` lives. */
  heldBy(name: string, holder: object): void {
    this.#left?.register(holder, name);
  }

  /** The names of the children of `name`, and of theirs, as they are below it. */
  below(name: string): readonly string[] {
    const start = `${name}/`;
    return [...this.#held.keys()].filter((other) => other.startsWith(start)).map((other) => other.slice(start.length));
  }

  /** The counts of `name` and of all that is or was below it. */
  family(name: string): Counters {
    const sum = new Counters(this.#tier);
    for (const [other, { counters, departed }] of this.#held) {
      if (other === name || other.startsWith(`${name}/`)) sum.add(counters).add(departed);
    }
    return sum;
  }

  #make(): Held {
    const [counters, departed] = [new Counters(this.#tier), new Counters(this.#tier)];
    return { counters, departed, wrapped: new Map(), holders: 0 };
  }

  #leave(name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    held.holders -= 1;
    if (held.holders > 0) return;
    this.#held.delete(name);
    this.#nearest(name)?.departed.add(held.counters).add(held.departed);
  }

  /** The nearest of those above `name` that is still held. The outermost is, as long as there is anybody to ask. */
  #nearest(name: string): Held | undefined {
    const end = name.lastIndexOf("/");
    if (end < 0) return undefined;
    const parent = name.slice(0, end);
    return this.#held.get(parent) ?? this.#nearest(parent);
  }
}
