import { checkFunction } from "./check-arguments.js";
import { checkOptions, type OptionNames } from "./check-options.js";
import type { CacheContext } from "./context.js";
import { describe } from "./describe.js";
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
   * Text that names the function, beside which the arguments become part of the key, and which no other function of
   * this namespace may have; or a function that makes the whole id from the arguments. A name that the function has in
   * the source is none: a bundler changes it, and may give it to another function in the next release.
   */
  readonly id: string | ((...args: Args) => Id);
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
  checkFunction(fn, "wrap() takes a function that gives the result, such as (id) => db.user(id)");
  // Where there are no options at all, it is the id that is missing.
  if (options !== undefined) checkOptions(options, WRAP_OPTIONS);
  const { name, idOf } = naming(context, fn, options?.id);
  const policy = resolvePolicy(context.policy, options);
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
  /** Text that names the function; empty where the arguments make the whole id. */
  readonly name: string;
  readonly idOf: ((...args: Args) => Id) | undefined;
}

function naming<This, Args extends unknown[], T>(
  context: CacheContext,
  fn: Cacheable<This, Args, T>,
  id: WrapOptions<Args>["id"] | undefined,
): Naming<Args> {
  if (typeof id === "function")
    return { name: "", idOf: checkFunction(id, "id: takes text, or a function that makes the id of the arguments") };
  if (typeof id !== "string" || id === "") {
    const given = id === undefined ? "" : `, not ${describe(id)}`;
    throw new CacheError(
      "INVALID_OPTION",
      `id: write text that names the function, such as wrap(fn, { id: "customer" }), or a function of its arguments${given}. Its own name will not do: a bundler may give the same name to another function in the next release.`,
    );
  }
  requireOwn(context, fn, id);
  return { name: id, idOf: undefined };
}

/**
 * Refuses a second function under one id, which would be given what the first one found. Functions are told apart by
 * their text: a closure that is made anew for each request or instance is the same function.
 */
function requireOwn({ wrapped }: CacheContext, fn: { readonly name: string }, id: string): void {
  const text = `${fn.name} ${String(fn)}`;
  const other = wrapped.get(id);
  if (other !== undefined && other !== text) {
    throw new CacheError(
      "INVALID_OPTION",
      `id: another function is wrapped as ${describe(id)} here. Give each its own.`,
    );
  }
  wrapped.set(id, text);
}
