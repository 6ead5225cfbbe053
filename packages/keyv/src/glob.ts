/** One place of a pattern: a literal character, `?` or `*`. */
type Token = { readonly literal: string } | "one" | "many";

/**
 * A test for `glob`: `*` stands for any text, `?` for one character, `\` makes the next character literal.
 * Takes time in proportion to pattern × text at worst, whatever the pattern (Kirk Krauss, "Matching Wildcards", 2008).
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const tokens = tokensOf(glob);
  return (text) => matches(tokens, Array.from(text));
}

function tokensOf(glob: string): readonly Token[] {
  const tokens: Token[] = [];
  const characters = Array.from(glob);
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    if (character === "\\" && at + 1 < characters.length) {
      at += 1;
      tokens.push({ literal: characters[at] as string });
    } else tokens.push(tokenOf(character));
  }
  return tokens;
}

function tokenOf(character: string): Token {
  if (character === "*") return "many";
  return character === "?" ? "one" : { literal: character };
}

function matches(tokens: readonly Token[], characters: readonly string[]): boolean {
  let token = 0;
  let retryToken = -1;
  let retryAt = 0;
  for (let at = 0; at < characters.length; ) {
    if (tokens[token] === "many") {
      retryToken = token += 1;
      retryAt = at;
    } else if (fits(tokens[token], characters[at])) {
      token += 1;
      at += 1;
    } else if (retryToken < 0) return false;
    else {
      // Only the last `*` need take one character more: what came before it has matched already.
      token = retryToken;
      at = retryAt += 1;
    }
  }
  return tokens.slice(token).every((left) => left === "many");
}

function fits(token: Token | undefined, character: string | undefined): boolean {
  if (token === undefined || token === "many") return false;
  return token === "one" || token.literal === character;
}
