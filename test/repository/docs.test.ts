import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Files, filesUnder, packages, read, root } from "../support/workspace.js";

/** A fenced block whose info string names a file after the language: ```ts examples/first-cache.ts */
const BLOCK = /^```\w+[ \t]+([\w@./-]+\.\w+)[ \t]*\n([\s\S]*?)^```[ \t]*$/gm;

interface Block {
  readonly page: string;
  readonly file: string;
  readonly text: string;
}

function blocksOf(pages: Files): readonly Block[] {
  return [...pages].flatMap(([page, text]) =>
    [...text.matchAll(BLOCK)].map((match) => ({ page, file: match[1] ?? "", text: match[2] ?? "" })),
  );
}

function judgeBlocks(blocks: readonly Block[], sourceOf: (file: string) => string | undefined): readonly string[] {
  return blocks.flatMap(({ page, file, text }) => {
    const source = sourceOf(file);
    if (source === undefined) return [`${page} shows ${file}, which does not exist`];
    return source === text ? [] : [`${page} shows something else than ${file}`];
  });
}

function allPages(): Files {
  const single = ["README.md", ...packages.map((name) => `packages/${name}/README.md`)];
  const docs = [...filesUnder("docs", ".md")].map(([name, text]) => [`docs/${name}`, text] as const);
  const present = single.filter((name) => existsSync(root + name));
  return new Map([...docs, ...present.map((name) => [name, read(name)] as const)]);
}

const sourceOf = (file: string): string | undefined => (existsSync(root + file) ? read(file) : undefined);

test("every block that names a file equals that file", () => {
  expect(judgeBlocks(blocksOf(allPages()), sourceOf)).toEqual([]);
});

test("the README shows at least one file", () => {
  const readme = [...allPages()].filter(([page]) => page === "README.md");
  expect(blocksOf(new Map(readme)).length).toBeGreaterThanOrEqual(readme.length);
});

describe("the judge of pages finds", () => {
  const page = (text: string): Files =>
    new Map([["page.md", `# Title\n\n\`\`\`ts examples/a.ts\n${text}\`\`\`\n\nMore.\n`]]);
  const judge = (text: string, source: string | undefined) => judgeBlocks(blocksOf(page(text)), () => source);

  test("a block that differs from its file", () => {
    expect(judge("a();\n", "b();\n")).toHaveLength(1);
    expect(judge("a();\n", "a();\n\n")).toHaveLength(1);
  });

  test("a file that does not exist", () => {
    expect(judge("a();\n", undefined)).toHaveLength(1);
  });

  test("nothing wrong with a block that equals its file, nor with one that names none", () => {
    expect(judge("a();\n\nb();\n", "a();\n\nb();\n")).toEqual([]);
    expect(blocksOf(new Map([["page.md", "```ts\na();\n```\n"]]))).toEqual([]);
  });
});
