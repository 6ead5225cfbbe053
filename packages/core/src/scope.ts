/*
 * A scope is a namespace as stores name it: `prefix:version:namespace`. Every key begins with its scope and a colon,
 * and the scope of a child begins with its parent's and a slash.
 */

/** How many namespaces are remembered with their parents. */
const REMEMBERED_SCOPES = 1_000;
const remembered = new Map<string, readonly string[]>();
const NO_SCOPES: readonly string[] = [];

/** The namespace that was asked for last: the keys of a batch mostly share one. */
let last: { readonly base: string; readonly scopes: readonly string[] } = { base: "::", scopes: NO_SCOPES };

/** The namespaces that `key` lives in, the outermost first: each of them can be cleared, and has tags. */
export function scopesOf(key: string): readonly string[] {
  // Looks at that one place, as startsWith does, in half its time: every read of a remote entry asks this.
  if (key.lastIndexOf(last.base, 0) !== 0) last = find(key);
  return last.scopes;
}

function find(key: string): typeof last {
  const end = thirdColon(key);
  // A key that no cache made belongs to no namespace, and nothing can invalidate it but its own name.
  if (end < 0) return { base: "::", scopes: NO_SCOPES };
  const scope = key.slice(0, end);
  const base = `${scope}:`;
  const known = remembered.get(scope);
  if (known !== undefined) return { base, scopes: known };
  const parents = [...scope.matchAll(/\//g)].map(({ index }) => scope.slice(0, index));
  const scopes = [...parents, scope];
  if (remembered.size >= REMEMBERED_SCOPES) remembered.clear();
  remembered.set(scope, scopes);
  return { base, scopes };
}

function thirdColon(key: string): number {
  let at = -1;
  for (let count = 0; count < 3; count += 1) {
    at = key.indexOf(":", at + 1);
    if (at < 0) return at;
  }
  return at;
}

/** What every key of `scope`, and of its children, begins with. */
export function basesOf(scope: string): readonly string[] {
  return [`${scope}:`, `${scope}/`];
}
