import { describe, expect, test } from "vitest";
import { type Files, filesUnder, packages, read } from "../support/workspace.js";

/** An option as the types have it. */
interface Member {
  readonly name: string;
  readonly isRequired: boolean;
}

type Types = ReadonlyMap<string, readonly Member[]>;

/** A table whose first column is called `option`: for each row its names and what stands under `default`. */
interface Table {
  readonly page: string;
  readonly rows: ReadonlyArray<{ readonly names: readonly string[]; readonly byDefault: string }>;
}

/** What a table is about: it has each option of these interfaces, or only some, where `some` is said. */
interface Subject {
  readonly of: readonly string[];
  readonly some?: true;
}

/** The tables of each page, in their order. A table that is not named here is found out. */
const SUBJECTS: Readonly<Record<string, readonly Subject[]>> = {
  "README.md": [{ of: ["Policy"] }],
  "docs/buses.md": [{ of: ["RedisBusOptions", "RedisTrackingOptions"] }],
  "docs/faults.md": [{ of: ["TieredOptions", "BreakerOptions", "Policy", "NamespaceOptions"], some: true }],
  "docs/layered-caching.md": [{ of: ["TieredOptions"] }],
  "docs/time-limits.md": [{ of: ["Policy", "CallOptions"], some: true }],
  "packages/core/README.md": [{ of: ["CacheOptions", "NamespaceOptions"] }],
  "packages/keyv/README.md": [{ of: ["KeyvStoreOptions"] }, { of: ["ToKeyvOptions"] }],
  "packages/memory/README.md": [{ of: ["MemoryStoreOptions"] }],
  "packages/redis/README.md": [
    { of: ["RedisStoreOptions"] },
    { of: ["RedisBusOptions"] },
    { of: ["RedisTrackingOptions"] },
  ],
  "packages/serializers/README.md": [{ of: ["CompressedOptions"] }, { of: ["EncryptedOptions"] }],
  "packages/superjson/README.md": [{ of: ["SuperjsonSerializerOptions"] }],
  "packages/testkit/README.md": [{ of: ["FarStoreOptions"] }],
};

/** The interfaces of an API report, with what each has itself. */
function typesOf(reports: readonly string[]): Types {
  const blocks = reports.flatMap((text) => [...text.matchAll(/^export interface (\w+)[^\n]*\{\n([\s\S]*?)^\}/gm)]);
  return new Map(blocks.map(([, name = "", body = ""]) => [name, membersOf(body)]));
}

function membersOf(body: string): readonly Member[] {
  const members = body.matchAll(/^ {4}(?:readonly )?(\w+)(\??)[:(]/gm);
  return [...members].map(([, name = "", mark]) => ({ name, isRequired: mark === "" }));
}

function tablesOf(page: string, text: string): readonly Table[] {
  const tables = text.matchAll(/^\| option +\|[^\n]*\n\|[ :|-]+\n((?:\|[^\n]*\n)+)/gm);
  return [...tables].map(([, body = ""]) => ({ page, rows: body.trimEnd().split("\n").flatMap(rowOf) }));
}

function rowOf(line: string): Table["rows"] {
  const [, first = "", byDefault = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  // A row whose first cell is prose stands for options that another table has.
  const names = first.startsWith("`") ? [...first.matchAll(/`(?:\w+\.)?(\w+)`/g)].map(([, name = ""]) => name) : [];
  return names.length === 0 ? [] : [{ names, byDefault }];
}

function judgeTable({ page, rows }: Table, { of, some }: Subject, types: Types): readonly string[] {
  const members = of.flatMap((name) => types.get(name) ?? []);
  const missing = of.filter((name) => !types.has(name)).map((name) => `there is no interface ${name}`);
  const shown = rows.flatMap(({ names, byDefault }) => names.map((name) => ({ name, byDefault })));
  const wrong = shown.flatMap(({ name, byDefault }) => {
    const member = members.find((each) => each.name === name);
    if (member === undefined) return [`${page} has ${name}, which ${of.join(", ")} has not`];
    if (byDefault === "required" && !member.isRequired) return [`${page} calls ${name} required, which it is not`];
    return [];
  });
  const left = members.filter(({ name }) => !shown.some((each) => each.name === name));
  const lacking = some === true ? [] : left.map(({ name }) => `${page} lacks ${name} of ${of.join(", ")}`);
  return [...missing, ...wrong, ...lacking];
}

function judgePages(pages: Files, subjects: typeof SUBJECTS, types: Types): readonly string[] {
  const names = new Set([...pages.keys(), ...Object.keys(subjects)]);
  return [...names].flatMap((page) => {
    const [tables, about] = [tablesOf(page, pages.get(page) ?? ""), subjects[page] ?? []];
    if (tables.length !== about.length) return [`${page} has ${tables.length} tables of options, not ${about.length}`];
    return tables.flatMap((table, at) => judgeTable(table, about[at]!, types));
  });
}

const reports = packages.flatMap((name) => [...filesUnder(`packages/${name}/etc`, ".api.md").values()]);

function allPages(): Files {
  const docs = [...filesUnder("docs", ".md")].map(([name, text]) => [`docs/${name}`, text] as const);
  const readmes = ["README.md", ...packages.map((name) => `packages/${name}/README.md`)];
  return new Map([...docs, ...readmes.map((name) => [name, read(name)] as const)]);
}

test("every table of options has the options that the types have", () => {
  const types = typesOf(reports);
  expect(types.get("Policy")?.length).toBeGreaterThan(10);
  expect(types.get("TieredOptions")?.filter(({ isRequired }) => isRequired)).toHaveLength(2);
  expect([...allPages()].flatMap(([page, text]) => tablesOf(page, text)).length).toBeGreaterThan(10);
  expect(judgePages(allPages(), SUBJECTS, types)).toEqual([]);
});

describe("the judge of tables finds", () => {
  const types = typesOf(["export interface A<T> extends B {\n    readonly a: T;\n    readonly b?: { c: 1 };\n}\n"]);
  const judge = (rows: string, subjects: typeof SUBJECTS = { "page.md": [{ of: ["A"] }] }) =>
    judgePages(new Map([["page.md", `# Page\n\n| option | default |\n| --- | --- |\n${rows}\n`]]), subjects, types);

  test.each([
    ["an option that is missing", "| `a` | required |"],
    ["an option that is none", "| `a`, `b`, `c` | required |"],
    ["one that need not be given", "| `a` | required |\n| `b` | required |"],
  ])("%s", (_, rows) => {
    expect(judge(rows).length).toBeGreaterThan(0);
  });

  test("a table that is held against no type, and a type that has gone", () => {
    expect(judge("| `a` | required |", {})).toHaveLength(1);
    expect(judge("", { "page.md": [{ of: ["Gone"] }] })).not.toEqual([]);
  });

  test("nothing wrong with a table that is right, or that has some of them", () => {
    expect(judge("| `a` | required |\n| `b` | none |")).toEqual([]);
    expect(judge("| `b` | none |\n| the rest | |", { "page.md": [{ of: ["A"], some: true }] })).toEqual([]);
  });
});
