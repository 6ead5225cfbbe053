import { type Cache, createCache, type LoadMany } from "@granary/core";
import { memoryStore } from "@granary/memory";

interface Author {
  readonly id: number;
  readonly name: string;
}

/** The database of the authors. */
export interface AuthorTable {
  byIds(ids: readonly number[]): Promise<ReadonlyMap<number, Author>>;
}

interface Waiting<T> {
  readonly result: Promise<T | undefined>;
  settle(batch: Promise<ReadonlyMap<number, T>>): void;
}

/** Takes ids one by one and asks the cache for all of one turn at once. Make one for each request. */
export class Loader<T> {
  readonly #cache: Cache<T>;
  readonly #loadMany: LoadMany<T>;
  #waiting = new Map<number, Waiting<T>>();

  constructor(cache: Cache<T>, loadMany: LoadMany<T>) {
    this.#cache = cache;
    this.#loadMany = loadMany;
  }

  load(id: number): Promise<T | undefined> {
    // Behind the promises that are settled by now: whoever they wake may ask for an id too.
    if (this.#waiting.size === 0) void Promise.resolve().then(() => process.nextTick(() => this.#send()));
    const waiting = this.#waiting.get(id) ?? newWaiting<T>(id);
    this.#waiting.set(id, waiting);
    return waiting.result;
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const batch = this.#cache.getOrSetMany(waiting.keys(), this.#loadMany) as Promise<ReadonlyMap<number, T>>;
    for (const { settle } of waiting.values()) settle(batch);
  }
}

function newWaiting<T>(id: number): Waiting<T> {
  let settle: Waiting<T>["settle"] = () => undefined;
  const result = new Promise<T | undefined>((resolve) => {
    settle = (batch) => resolve(batch.then((values) => values.get(id)));
  });
  return { result, settle };
}

/** The names of the authors of each book: every book asks for its own, and one question goes to the table. */
export async function main(table: AuthorTable, books: readonly (readonly number[])[]): Promise<string[][]> {
  await using authors = createCache<Author>({ store: memoryStore(), namespace: "authors", ttl: "5m" });
  const loader = new Loader(authors, (ids) => table.byIds(ids.map(Number)));
  const nameOf = async (id: number): Promise<string> => (await loader.load(id))?.name ?? "unknown";
  return await Promise.all(books.map((ids) => Promise.all(ids.map(nameOf))));
}
