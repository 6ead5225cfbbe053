import { checkOptions, type OptionNames } from "./check-options.js";
import type { CacheContext } from "./context.js";
import type { Awaitable } from "./entry.js";
import { CacheError } from "./errors.js";
import { getOrSet } from "./get-or-set.js";
import type { Id, Params } from "./key.js";
import { POLICY_OPTIONS, type Policy, resolvePolicy } from "./policy.js";

/** A function whose results can be cached: any arity, any `this`. */
export type Cacheable<This, Args extends unknown[], T> = (this: This, ...args: Args) => Awaitable<T>;

/** The same function, cached. */
export type Wrapped<This, Args extends unknown[], T> = (this: This, ...args: Args) => Promise<T>;

/** How a function is cached: the policy of its entries, and what their keys are made of. */
export interface WrapOptions<Args extends unknown[]> extends Policy {
  /**
   * Text that names the function, beside which the arguments become part of the key; or a function that makes
   * the whole id from the arguments. Default: the function's own name, which no other function of this cache may have.
   */
  readonly id?: string | ((...args: Args) => Id);
}

const WRAP_OPTIONS: OptionNames<WrapOptions<unknown[]>> = { ...POLICY_OPTIONS, id: true };

/**
 * `fn`, cached.
 * @throws CacheError `INVALID_OPTION`, at once; a call whose arguments cannot be a key rejects with `INVALID_KEY`.
 */
export function wrap<This, Args extends unknown[], T>(
  context: CacheContext,
  fn: Cacheable<This, Args, T>,
  options: WrapOptions<Args>,
): Wrapped<This, Args, T> {
  checkOptions(options, WRAP_OPTIONS);
  const policy = resolvePolicy(context.policy, options);
  const { name, idOf } = naming(context, fn, options.id);
  async function wrapped(this: This, ...args: Args): Promise<T> {
    if (context.isClosed()) throw new CacheError("CLOSED", "This cache is closed.");
    const id = idOf === undefined ? name : idOf(...args);
    const key = context.keys.of(id, idOf === undefined ? (args as Params) : undefined);
    const call = { id, key, policy, signal: undefined, isPlain: idOf !== undefined };
    return getOrSet<T>(context, { call, loader: () => fn.apply(this, args) });
  }
  Object.defineProperty(wrapped, "name", { value: fn.name, configurable: true });
  return Object.defineProperty(wrapped, "length", { value: fn.length, configurable: true });
}

interface Naming<Args extends unknown[]> {
  readonly name: string;
  readonly idOf: ((...args: Args) => Id) | undefined;
}

function naming<This, Args extends unknown[], T>(
  { wrapped }: CacheContext,
  fn: Cacheable<This, Args, T>,
  id: WrapOptions<Args>["id"],
): Naming<Args> {
  if (typeof fn !== "function") throw new CacheError("INVALID_OPTION", "wrap takes a function.");
  if (typeof id === "function") return { name: fn.name, idOf: id };
  if (typeof id === "string") return { name: id, idOf: undefined };
  if (id !== undefined) throw new CacheError("INVALID_OPTION", "id: write text, or a function of the arguments.");
  if (fn.name === "")
    throw new CacheError("INVALID_OPTION", "A function without a name needs an id: wrap(fn, { id }).");
  const other = wrapped.get(fn.name);
  if (other !== undefined && other !== fn) {
    throw new CacheError(
      "INVALID_OPTION",
      `Another function named "${fn.name}" is wrapped here. Tell them apart: wrap(fn, { id }).`,
    );
  }
  wrapped.set(fn.name, fn);
  return { name: fn.name, idOf: undefined };
}
