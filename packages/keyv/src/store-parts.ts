import type { Clock, Serializer } from "@granary/core";
import type { EntryReader } from "./entry-reader.js";
import type { FailureWatch } from "./failure-watch.js";
import type { KeyvLike } from "./keyv-like.js";

/** What the verbs of one store share. */
export interface StoreParts {
  readonly keyv: KeyvLike;
  readonly watch: FailureWatch;
  readonly reader: EntryReader;
  readonly serializer: Serializer;
  readonly clock: Clock;
}
