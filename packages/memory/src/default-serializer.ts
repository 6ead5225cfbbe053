import { CacheError, type Serializer } from "@granary/core";
import type * as Superjson from "@granary/superjson";

type Require = (name: string) => unknown;

const NAME = "@granary/superjson";

/**
 * The serializer of the remote stores. It is looked for only when it is asked for, and by a name that no bundler
 * follows, so that an application without it does not ship it (docs/decisions/017).
 * @throws CacheError `INVALID_OPTION` where it cannot be had: in a browser, or a bundle without its packages beside it.
 */
export function defaultSerializer(): Serializer {
  try {
    return (requireFromHere()(NAME) as typeof Superjson).superjsonSerializer;
  } catch (cause) {
    throw new CacheError(
      "INVALID_OPTION",
      `values: "serialized" finds no ${NAME} here: npm install ${NAME}, and hand in { serializer: superjsonSerializer }.`,
      { cause },
    );
  }
}

/** @throws TypeError where the runtime has no such thing. */
function requireFromHere(): Require {
  // What the build of the CommonJS form puts there; Bun has it too.
  return (import.meta as { readonly require?: Require }).require ?? nodeModule().createRequire(import.meta.url);
}

/** `node:module`, without an import that would keep other runtimes from loading this file. */
function nodeModule(): { createRequire(from: string): Require } {
  const { process } = globalThis as unknown as { readonly process: { getBuiltinModule(name: string): unknown } };
  return process.getBuiltinModule("node:module") as ReturnType<typeof nodeModule>;
}
