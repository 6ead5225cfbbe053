/*
 * The records of a namespace and of its children live in one slot of a cluster, that of the outermost one: braces make it
 * the hash of what they enclose. No key of a value holds a brace. Each begins as the keys of values do, so that a rule
 * about those covers it.
 */

/** The key of a namespace's record. */
export function recordKey(scope: string): string {
  return keyOf("generation", scope);
}

/** The key of the sequences of its tags. */
export function tagsKey(scope: string): string {
  return keyOf("tags", scope);
}

/** The namespace whose record is under `key`. */
export function scopeOfRecord(key: string): string {
  const [open, close] = [key.indexOf("{"), key.indexOf("}")];
  return key.slice(open + 1, close) + key.slice(close + 1);
}

function keyOf(kind: "generation" | "tags", scope: string): string {
  const slash = scope.indexOf("/");
  const end = slash < 0 ? scope.length : slash;
  return `${scope.slice(0, scope.indexOf(":"))}:${kind}:{${scope.slice(0, end)}}${scope.slice(end)}`;
}
