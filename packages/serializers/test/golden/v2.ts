import { compressed, encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import { raw } from "../support/serializers.js";
import { goldenKeys, goldenValue } from "./v1.js";

/** What the payloads of `golden/v2` are bound to. */
export const GOLDEN_ENTRY = "granary:v1:patients:ada";

/** Never change a row, and never write a file again: these are bytes that lie in somebody's Redis. */
export const goldenV2 = [
  { file: "bound-text.bin", value: goldenValue, reader: encrypted(superjsonSerializer, { keys: goldenKeys }) },
  { file: "bound-bytes.bin", value: [7, 0, 255], reader: encrypted(raw, { keys: goldenKeys }) },
  {
    file: "compressed-then-bound.bin",
    value: goldenValue,
    reader: encrypted(compressed(superjsonSerializer), { keys: goldenKeys }),
  },
];
