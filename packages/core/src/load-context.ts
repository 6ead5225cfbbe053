import { type Duration, parseDuration } from "./duration.js";
import type { CacheEntry } from "./entry.js";
import { CacheError } from "./errors.js";
import type { Flight } from "./flight.js";
import type { Id } from "./key.js";
import type { Candidate } from "./lifetime.js";
import { checkTags } from "./policy.js";

/** What an origin calls a version of a value, kept with the entry and handed back to the next load. */
export interface Validator {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** What a loader is given. Every member may be destructured. */
export interface LoadContext<T> {
  readonly id: Id;
  readonly key: string;
  /** Aborts when the last caller has left, at the hard timeout and on `close()`. */
  readonly signal: AbortSignal;
  /** The entry that the load replaces, stale or about to be; `undefined` where there is none. */
  readonly previous: CacheEntry<T> | undefined;
  /** Overrides the ttl for this value; `0` does not store it. */
  setTtl(ttl: Duration): void;
  /** Overrides the tags for this value. */
  setTags(tags: readonly string[]): void;
  /** Attaches a validator for the next load. */
  setValidator(validator: Validator): void;
  /** Returns the value to the callers without storing it. */
  skip(): void;
  /** Ends the load as a throw would. */
  fail(error: unknown): never;
  /** The origin says that `previous` still holds: keeps its value and validators, and makes it fresh again. */
  notModified(): T;
}

/** The value of a load and what the loader said about it. */
export interface Loaded extends Candidate {
  readonly validator: Validator | undefined;
  readonly skipped: boolean;
}

/** The context of one load. Its methods are made when a loader asks for them: most loaders ask for none. */
export class LoadSession<T> implements LoadContext<T> {
  readonly id: Id;
  readonly #flight: Flight;
  #ttlMs: number | undefined;
  #tags: readonly string[] | undefined;
  #validator: Validator | undefined;
  #skipped = false;

  constructor(id: Id, flight: Flight) {
    this.id = id;
    this.#flight = flight;
  }

  get key(): string {
    return this.#flight.key;
  }

  get signal(): AbortSignal {
    return this.#flight.signal;
  }

  get previous(): CacheEntry<T> | undefined {
    return this.#flight.previous as CacheEntry<T> | undefined;
  }

  get setTtl(): (ttl: Duration) => void {
    return (ttl) => {
      this.#ttlMs = parseDuration(ttl, "setTtl");
    };
  }

  get setTags(): (tags: readonly string[]) => void {
    return (tags) => {
      this.#tags = checkTags(tags);
    };
  }

  get setValidator(): (validator: Validator) => void {
    return ({ etag, lastModified }) => {
      this.#validator = { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
    };
  }

  get skip(): () => void {
    return () => {
      this.#skipped = true;
    };
  }

  get fail(): (error: unknown) => never {
    return (error) => {
      throw error instanceof Error ? error : new CacheError("LOAD_FAILED", `The loader failed: ${String(error)}`);
    };
  }

  get notModified(): () => T {
    return () => {
      const { previous } = this;
      if (previous === undefined) {
        throw new CacheError(
          "LOAD_FAILED",
          "notModified() needs a previous entry. Ask for it only where context.previous is there.",
        );
      }
      this.#validator = { ...validatorOf(previous), ...this.#validator };
      this.#tags ??= previous.tags;
      return previous.value;
    };
  }

  /** What came of the load, which began at `createdAt`. */
  finish(value: unknown, createdAt: number): Loaded {
    const [ttlMs, tags, validator, skipped] = [this.#ttlMs, this.#tags, this.#validator, this.#skipped];
    return { value, createdAt, ttlMs, tags, validator, skipped };
  }
}

function validatorOf({ etag, lastModified }: CacheEntry): Validator {
  return { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
}
