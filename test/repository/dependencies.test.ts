import { describe, expect, test } from "vitest";
import { importsOf, packageOf } from "../support/imports.js";
import { type Files, filesUnder, packages, read } from "../support/workspace.js";

/** Which packages of ours each package may import. Adapters never import each other. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  superjson: ["core"],
  serializers: ["core"],
  memory: ["core", "superjson"],
  redis: ["core", "superjson"],
  keyv: ["core", "superjson"],
  tiered: ["core"],
  "redis-tiers": ["core", "memory", "redis", "tiered"],
  testkit: ["core"],
};

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Package {
  readonly name: string;
  readonly manifest: Manifest;
  readonly sources: Files;
}

const specifiersOf = ({ sources }: Package): readonly string[] => [...sources.values()].flatMap(importsOf);

const importedBy = (pkg: Package): ReadonlySet<string> =>
  new Set(specifiersOf(pkg).flatMap((specifier) => packageOf(specifier) ?? []));

/** Imports that are not declared, and dependencies that are not imported. A peer may be known by its shape alone. */
function judgeDeclared(pkg: Package): readonly string[] {
  const { dependencies = {}, peerDependencies = {} } = pkg.manifest;
  const imported = importedBy(pkg);
  const declared = Object.keys({ ...dependencies, ...peerDependencies });
  return [
    ...[...imported].filter((name) => !declared.includes(name)).map((name) => `${pkg.name} does not declare ${name}`),
    ...Object.keys(dependencies)
      .filter((name) => !imported.has(name))
      .map((name) => `${pkg.name} does not import ${name}`),
  ];
}

function judgeDirection(pkg: Package): readonly string[] {
  const allowed = ALLOWED[pkg.name] ?? [];
  const ours = [...importedBy(pkg)].filter((name) => name.startsWith("@granary/"));
  const wrong = ours.filter((name) => !allowed.includes(name.replace("@granary/", "")));
  return wrong.map((name) => `${pkg.name} may not import ${name}`);
}

function judgePortable(pkg: Package): readonly string[] {
  const builtins = specifiersOf(pkg).filter((specifier) => specifier.startsWith("node:"));
  return builtins.map((name) => `${pkg.name} may not import ${name}`);
}

/** A file and all that it imports, in its own package. */
function reachedFrom(file: string, sources: Files, reached = new Map<string, string>()): Files {
  const source = sources.get(file);
  if (source === undefined || reached.has(file)) return reached;
  reached.set(file, source);
  for (const specifier of importsOf(source))
    reachedFrom(specifier.replace(/^\.\/(.*)\.js$/, "$1.ts"), sources, reached);
  return reached;
}

const load = (name: string): Package => ({
  name,
  manifest: JSON.parse(read(`packages/${name}/package.json`)) as Manifest,
  sources: filesUnder(`packages/${name}/src`, ".ts"),
});

describe.each(packages)("the package %s", (name) => {
  const pkg = load(name);

  test("has a place in the order of imports", () => {
    expect(ALLOWED).toHaveProperty(name);
    expect(pkg.sources.size).toBeGreaterThan(0);
    expect(specifiersOf(pkg).length).toBeGreaterThan(0);
  });

  test("declares what it imports, and imports what it declares", () => {
    expect(judgeDeclared(pkg)).toEqual([]);
  });

  test("imports only packages that stand below it", () => {
    expect(judgeDirection(pkg)).toEqual([]);
  });
});

// What the edge and the browser run.
test.each(["core", "memory", "tiered"])("%s imports nothing from node:", (name) => {
  const pkg = load(name);
  expect(pkg.sources.size).toBeGreaterThan(0);
  expect(judgePortable(pkg)).toEqual([]);
});

// What runs in a browser as well; the subpaths beside it are for Node.
test("the index of testkit reaches nothing from node:", () => {
  const pkg = load("testkit");
  const sources = reachedFrom("index.ts", pkg.sources);
  expect(sources.size).toBeGreaterThan(10);
  expect(judgePortable({ ...pkg, sources })).toEqual([]);
  expect(judgePortable(pkg)).toContain("testkit may not import node:net");
});

test("core has no dependency at run time", () => {
  const { dependencies, peerDependencies } = load("core").manifest;
  expect({ dependencies, peerDependencies }).toEqual({});
});

describe("the judges of dependencies find", () => {
  const planted = (source: string, manifest: Manifest = {}): Package => ({
    name: "memory",
    manifest,
    sources: new Map([["planted.ts", source]]),
  });

  test("an import that is not declared", () => {
    expect(judgeDeclared(planted('import { x } from "lru-cache/raw";'))).toEqual(["memory does not declare lru-cache"]);
  });

  test("a dependency that is not imported", () => {
    const manifest = { dependencies: { "lru-cache": "1" } };
    expect(judgeDeclared(planted("", manifest))).toEqual(["memory does not import lru-cache"]);
    expect(judgeDeclared(planted('/* import "lru-cache" */', manifest))).toHaveLength(1);
  });

  test("nothing wrong with a peer, imported or not", () => {
    const manifest = { peerDependencies: { ioredis: "6" } };
    expect(judgeDeclared(planted('import type { Redis } from "ioredis";', manifest))).toEqual([]);
    expect(judgeDeclared(planted("", manifest))).toEqual([]);
  });

  test("an adapter that imports another", () => {
    const source = 'import type { R } from "@granary/redis";\nimport { c } from "@granary/core";';
    expect(judgeDirection(planted(source))).toEqual(["memory may not import @granary/redis"]);
  });

  test("a built-in of Node where there is none", () => {
    expect(judgePortable(planted('import { Buffer } from "node:buffer";'))).toEqual([
      "memory may not import node:buffer",
    ]);
    expect(judgeDeclared(planted('import fs from "fs";'))).toEqual(["memory does not declare fs"]);
  });
});
