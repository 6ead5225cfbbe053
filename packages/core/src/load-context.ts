import { type Duration, parseDuration } from "./duration.js";
import type { CacheEntry } from "./entry.js";
import { CacheError } from "./errors.js";
import type { Flight } from "./flight.js";
import type { Id } from "./key.js";
import type { OwnValues } from "./own-values.js";
import { checkTags } from "./policy.js";
import { isError } from "./realms.js";

/** What an origin calls a version of a value, kept with the entry and handed back to the next load. */
export interface Validator {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** What a loader is given. Every member may be destructured. */
export interface LoadContext<T, In = T> {
  readonly id: Id;
  readonly key: string;
  /** Aborts when the last caller has left, at the hard timeout and on `close()`. */
  readonly signal: AbortSignal;
  /** The entry that the load replaces, stale or about to be; `undefined` where there is none. */
  readonly previous: CacheEntry<T> | undefined;
  /** Overrides the ttl for this value; `0` does not store it, and ends what the load was to replace. */
  setTtl(ttl: Duration): void;
  /** Overrides the tags for this value. */
  setTags(tags: readonly string[]): void;
  /** Attaches a validator for the next load. */
  setValidator(validator: Validator): void;
  /** Returns the value to the callers without storing it. What is there stays as it is. */
  skip(): void;
  /** Ends the load as a throw would. */
  fail(error: unknown): never;
  /** The origin says that `previous` still holds: keeps its value and validators, and makes it fresh again. */
  notModified(): T & In;
}

/** What a loader said about its value. */
export interface Said {
  readonly ttlMs?: number;
  readonly tags?: readonly string[] | undefined;
  readonly validator?: Validator;
  readonly skipped?: boolean;
}

/** The context of one load. Its methods are made when a loader asks for them: most loaders ask for none. */
export class LoadSession<T> implements LoadContext<T> {
  readonly id: Id;
  readonly #flight: Flight;
  readonly #values: OwnValues;
  #previous: { readonly of: CacheEntry | undefined; readonly own: CacheEntry | undefined } | undefined;
  #said: Said | undefined;

  constructor(id: Id, flight: Flight, values: OwnValues) {
    this.id = id;
    this.#values = values;
    this.#flight = flight;
  }

  get key(): string {
    return this.#flight.key;
  }

  get signal(): AbortSignal {
    return this.#flight.signal;
  }

  get previous(): CacheEntry<T> | undefined {
    const { previous } = this.#flight;
    if (this.#previous?.of !== previous) this.#previous = { of: previous, own: this.#values.own(previous) };
    return this.#previous?.own as CacheEntry<T> | undefined;
  }

  get setTtl(): (ttl: Duration) => void {
    return (ttl) => {
      this.#say({ ttlMs: parseDuration(ttl, "setTtl") });
    };
  }

  get setTags(): (tags: readonly string[]) => void {
    return (tags) => {
      this.#say({ tags: checkTags(tags) });
    };
  }

  get setValidator(): (validator: Validator) => void {
    return (validator) => {
      this.#say({ validator: validatorOf(validator) });
    };
  }

  get skip(): () => void {
    return () => {
      this.#say({ skipped: true });
    };
  }

  get fail(): (error: unknown) => never {
    return (error) => {
      throw isError(error) ? error : new CacheError("LOAD_FAILED", `The loader failed: ${String(error)}`);
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
      const { tags = previous.tags, validator } = this.#said ?? {};
      this.#say({ tags, validator: { ...validatorOf(previous), ...validator } });
      return this.#flight.previous?.value as T;
    };
  }

  /** What the loader has said so far: mostly nothing. */
  get said(): Said | undefined {
    return this.#said;
  }

  #say(more: Said): void {
    this.#said = { ...this.#said, ...more };
  }
}

function validatorOf({ etag, lastModified }: Pick<CacheEntry, keyof Validator>): Validator {
  return { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
}
