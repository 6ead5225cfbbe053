import { CacheError, checkOptions, type OptionNames, type Serializer } from "@granary/core";
import { SuperJSON } from "superjson";
import { decode } from "./decode.js";
import { encode } from "./encode.js";

/** A `SuperJSON` by its shape, so that one of another copy or version of superjson will do. */
export interface SuperjsonLike {
  stringify(value: never): string;
  deserialize(payload: never): unknown;
}

/** What `createSuperjsonSerializer` takes. */
export interface SuperjsonSerializerOptions {
  /**
   * Where your classes, symbols and custom transformers are registered; before the first value is written or after. An
   * instance, or superjson itself, which stands for its default instance: of your copy of superjson, where there are two.
   */
  readonly instance: SuperjsonLike;
}

const OPTIONS: OptionNames<SuperjsonSerializerOptions> = { instance: true };

/**
 * A serializer that writes exactly what `instance.stringify` writes, only faster where it can, and reads it back.
 *
 * What would not come back equal is refused: `encode` throws `CacheError("INVALID_VALUE")`, whose message names the
 * path, what is there and what to write instead. `decode` throws `CacheError("UNREADABLE")`, or a `SyntaxError` where
 * the text is not JSON, for whatever superjson cannot have written.
 * @throws CacheError `INVALID_OPTION`
 */
export function createSuperjsonSerializer(options: SuperjsonSerializerOptions): Serializer {
  checkOptions(options, OPTIONS);
  const instance = instanceOf(options.instance);
  return {
    encode: (value) => encode(value, instance),
    decode: (data) => decode(data, instance),
    copies: true,
  };
}

/** superjson itself is the class, which keeps its default instance. */
function instanceOf(given: SuperjsonLike): SuperJSON {
  const instance = typeof given === "function" ? (given as { defaultInstance?: unknown }).defaultInstance : given;
  if (typeof instance === "object" && instance !== null && "customTransformerRegistry" in instance)
    return instance as SuperJSON;
  throw new CacheError("INVALID_OPTION", "instance: takes a SuperJSON, such as new SuperJSON(), or superjson itself.");
}

/**
 * The serializer on superjson's default instance, the one behind `superjson.stringify` and
 * `superjson.registerClass`. As `createSuperjsonSerializer` says.
 */
export const superjsonSerializer: Serializer = createSuperjsonSerializer({ instance: SuperJSON });
