/** What the adapters below remember of how they were called. */
export interface Calls {
  readonly calls: string[];
}

/** An adapter over a map whose every verb rejects with `error` while `failing` is true. */
export class RejectingAdapter {
  readonly opts = {};
  readonly data = new Map<string, unknown>();
  failing = true;

  constructor(readonly error: Error) {}

  async get(key: string): Promise<unknown> {
    this.#check();
    return this.data.get(key);
  }

  async set(key: string, value: unknown): Promise<void> {
    this.#check();
    this.data.set(key, value);
  }

  async delete(key: string): Promise<boolean> {
    this.#check();
    return this.data.delete(key);
  }

  async clear(): Promise<void> {
    this.data.clear();
  }

  #check(): void {
    if (this.failing) throw this.error;
  }
}

/** An adapter that answers every verb as if nothing had happened, and emits `error` instead. */
export class SwallowingAdapter {
  readonly opts = {};
  readonly #listeners: Array<(error: unknown) => void> = [];

  constructor(readonly error: Error) {}

  on(_event: string, listener: (error: unknown) => void): this {
    this.#listeners.push(listener);
    return this;
  }

  async get(): Promise<undefined> {
    this.#emit();
  }

  async getMany(keys: string[]): Promise<undefined[]> {
    this.#emit();
    return keys.map(() => undefined);
  }

  async set(): Promise<void> {
    this.#emit();
  }

  async delete(): Promise<boolean> {
    this.#emit();
    return false;
  }

  async deleteMany(): Promise<boolean> {
    this.#emit();
    return false;
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    this.#emit();
    return keys.map(() => false);
  }

  async clear(): Promise<void> {}

  #emit(): void {
    for (const listener of this.#listeners) listener(this.error);
  }
}

/** An adapter with every verb for many keys, which writes down how it was called. */
export class BatchAdapter implements Calls {
  readonly opts = {};
  readonly calls: string[] = [];
  readonly data = new Map<string, unknown>();

  async get(key: string): Promise<unknown> {
    this.calls.push("get");
    return this.data.get(key);
  }

  async set(key: string, value: unknown): Promise<void> {
    this.calls.push("set");
    this.data.set(key, value);
  }

  async delete(key: string): Promise<boolean> {
    this.calls.push("delete");
    return this.data.delete(key);
  }

  async clear(): Promise<void> {
    this.data.clear();
  }

  async getMany(keys: string[]): Promise<unknown[]> {
    this.calls.push("getMany");
    return keys.map((key) => this.data.get(key));
  }

  async setMany(items: ReadonlyArray<{ key: string; value: unknown }>): Promise<void> {
    this.calls.push("setMany");
    for (const { key, value } of items) this.data.set(key, value);
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    this.calls.push("hasMany");
    return keys.map((key) => this.data.has(key));
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    this.calls.push("deleteMany");
    return keys.filter((key) => this.data.delete(key)).length > 0;
  }
}

/** An adapter that hands out its keys by offset, as those on SQL do. */
export class OffsetAdapter extends BatchAdapter {
  override readonly opts = { dialect: "sqlite" };

  async *iterator(): AsyncGenerator<[string, unknown], void> {
    for (let offset = 0; offset < this.data.size; offset += 1) {
      yield [...this.data][offset] as [string, unknown];
    }
  }
}
