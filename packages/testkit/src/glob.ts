/** A test for a glob of `*`, `?` and `\` before a literal character; everything else is literal. */
export function globMatcher(glob: string): (text: string) => boolean {
  const expression = new RegExp(`^${glob.replace(/\\[^]|[^]/g, asExpression)}$`, "s");
  return (text) => expression.test(text);
}

function asExpression(part: string): string {
  if (part === "*") return ".*";
  return part === "?" ? "." : part.slice(-1).replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
}
