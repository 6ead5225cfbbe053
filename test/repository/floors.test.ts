import { describe, expect, test } from "vitest";
import { importsOf } from "../support/imports.js";
import { type Files, filesUnder } from "../support/workspace.js";

/**
 * The floors of packages/core/src, from the ground up. A file imports only from rows above its own in this
 * table, types included. The named floors may take several rows, where words are made of words.
 * A new file must be given a place here.
 */
const FLOORS: readonly (readonly [floor: string, ...files: string[]])[] = [
  ["words", "realms", "describe", "abort-listeners", "runtime"],
  ["words", "timers", "turns"],
  ["words", "machine-time"],
  ["words", "entry", "errors", "clock", "events", "scope"],
  ["words", "process-wide", "duration", "glob", "call-safely", "params"],
  ["words", "parse-key"],
  ["words", "generations"],
  ["contracts", "store", "serializer", "schema", "key"],
  ["contracts", "bus"],
  ["mechanisms", "encoded-value", "safe-listener"],
  ["mechanisms", "store-lifecycle", "closed-store", "check-arguments", "check-options", "own-values", "store-error"],
  ["mechanisms", "many-of", "attempt", "invalidations"],
  ["contracts", "policy"],
  ["mechanisms", "look", "in-time"],
  ["mechanisms", "deadlines", "breaker", "instant-reader", "flight", "lifetime", "many-look", "readiness"],
  ["mechanisms", "expire", "kept-generations"],
  ["mechanisms", "with-generations"],
  ["mechanisms", "guard", "wire", "counters", "emitter", "patience", "safe-store", "value-check"],
  ["mechanisms", "flying", "time-limits", "latest-writes", "cooling"],
  ["mechanisms", "flights", "load-context", "call-chain", "lease"],
  ["mechanisms", "guarded"],
  ["flows", "context"],
  ["flows", "load", "read", "invalidate-pattern"],
  ["flows", "get-or-set", "write", "write-many", "batch-load", "walk"],
  ["flows", "wrap", "get-many"],
  ["face", "refused-values", "cache-types", "store-share", "namespaces"],
  ["face", "cache", "cached", "warm-up"],
  ["face", "create-cache"],
  ["door", "index"],
];

interface Verdict {
  readonly imports: number;
  readonly violations: readonly string[];
}

function judgeFloors(files: Files, floors: typeof FLOORS): Verdict {
  const rows = new Map(floors.flatMap(([, ...names], row) => names.map((name): [string, number] => [name, row])));
  const sources = [...files].map(([file, source]) => ({ name: file.replace(/\.ts$/, ""), targets: targetsOf(source) }));
  const homeless = sources.filter(({ name }) => !rows.has(name)).map(({ name }) => `${name} has no floor`);
  const upward = sources.flatMap(({ name, targets }) => {
    const row = rows.get(name) ?? Infinity;
    const above = targets.filter((target) => (rows.get(target) ?? Infinity) >= row);
    return rows.has(name) ? above.map((target) => `${name} imports ${target}, which is not below it`) : [];
  });
  return { imports: sources.flatMap(({ targets }) => targets).length, violations: [...homeless, ...upward] };
}

function targetsOf(source: string): readonly string[] {
  return importsOf(source).map((specifier) => specifier.replace(/^\.\//, "").replace(/\.js$/, ""));
}

describe("the floors of core", () => {
  const core = filesUnder("packages/core/src", ".ts");

  test("every file has a floor and imports only from floors below", () => {
    const { imports, violations } = judgeFloors(core, FLOORS);
    expect(imports).toBeGreaterThan(5);
    expect(violations).toEqual([]);
  });

  test("core is flat", () => {
    expect([...core.keys()].filter((file) => file.includes("/"))).toEqual([]);
  });

  test("no file stands on two floors", () => {
    const names = FLOORS.flatMap(([, ...files]) => files);
    expect(names).toHaveLength(new Set(names).size);
  });
});

describe("the judge of floors finds", () => {
  const floors: typeof FLOORS = [
    ["low", "a", "b"],
    ["high", "c"],
  ];
  const violationsOf = (file: string, source: string) => judgeFloors(new Map([[file, source]]), floors).violations;

  test.each([
    ["an import from above", "a.ts", 'import { c } from "./c.js";'],
    ["an import of a type from above", "a.ts", 'import type { C } from "./c.js";'],
    ["an import from the same floor", "a.ts", 'import { b } from "./b.js";'],
    ["an export from above", "a.ts", 'export { c } from "./c.js";'],
    ["a type named in place", "a.ts", 'let c: import("./c.js").C;'],
    ["an import of a package", "c.ts", 'import { x } from "lru-cache";'],
    ["a file without a floor", "stray.ts", ""],
    ["an import of a file without a floor", "c.ts", 'import "./stray.js";'],
  ])("%s", (_, file, source) => {
    expect(violationsOf(file, source)).toHaveLength(1);
  });

  test("nothing wrong with an import from below", () => {
    expect(violationsOf("c.ts", 'import { a } from "./a.js";')).toEqual([]);
  });
});
