import { CacheError, type Invalidation, MarkRegistry } from "@granary/core";

/** A mark that the far tier did not take. */
export interface OwedMark {
  readonly invalidation: Invalidation;
  readonly at: number;
}

/** Judges by the marks that are owed. It forgets nothing by itself: what is owed is bounded, and it knows little else. */
export function newJudge(): MarkRegistry {
  return new MarkRegistry({ mostMarks: Number.POSITIVE_INFINITY });
}

/** Stands for no tag at all: a tag is not empty. */
export const ALL = "";

export function markId(scope: string, tag: string): string {
  return `${scope} ${tag}`;
}

export function tooManyClears(most: number, scope = ""): CacheError {
  return new CacheError("STORE_FAILED", `More than ${most} namespaces are to be cleared: not ${scope} any more.`);
}
