import { CacheError, checkOptions, type OptionNames, type Serializer } from "@granary/core";
import { SuperJSON } from "superjson";
import { decode } from "./decode.js";
import { encode } from "./encode.js";

/** What `createSuperjsonSerializer` takes. */
export interface SuperjsonSerializerOptions {
  /** Where your classes, symbols and custom transformers are registered; before the first value is written or after. */
  readonly instance: SuperJSON;
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
  const { instance } = options;
  if (typeof instance?.serialize !== "function" || typeof instance.deserialize !== "function")
    throw new CacheError("INVALID_OPTION", "instance: takes a SuperJSON, such as new SuperJSON().");
  return {
    encode: (value) => encode(value, instance),
    decode: (data) => decode(data, instance),
    copies: true,
  };
}

/**
 * The serializer on superjson's default instance, the one behind `superjson.stringify` and
 * `superjson.registerClass`. As `createSuperjsonSerializer` says.
 */
export const superjsonSerializer: Serializer = createSuperjsonSerializer({ instance: SuperJSON["defaultInstance"] });
