const BLOCK_COMMENT = /^\s*\/\*[\s\S]*?\*\//gm;
const LINE_COMMENT = /^\s*\/\/.*$/gm;
const SPECIFIER = /\b(?:from|import)\s*\(?\s*["']([\w@./:-]+)["']/g;

/** What a file imports or re-exports from, types included, in the words of the file; comments do not count. */
export function importsOf(source: string): readonly string[] {
  const code = source.replace(BLOCK_COMMENT, "").replace(LINE_COMMENT, "");
  return [...code.matchAll(SPECIFIER)].map((match) => match[1] ?? "");
}

/** The package that a bare specifier belongs to; `undefined` for a relative path or a built-in of Node. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
