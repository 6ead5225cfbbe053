/** One place of a glob: the code point of a literal character, any one character, or any number of them. */
type Piece = number | "one" | "any";

const ASTRAL = 0x10000;

/**
 * A test of keys by `glob`. `*` stands for any text, also for none; `?` for one character, which a surrogate pair is
 * too; `\` makes the character behind it literal, and stands for itself at the end. All else is literal.
 *
 * Takes time in proportion to glob times key at worst, whatever they hold.
 * (Kirk Krauss, "Matching Wildcards: An Algorithm", Dr. Dobb's Journal, 2008.)
 */
export function globMatcher(glob: string): (key: string) => boolean {
  const pieces = piecesOf(glob);
  return (key) => matches(pieces, key);
}

function piecesOf(glob: string): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const [part] of glob.matchAll(/\\.|./gsu)) {
    if (part === "*") pieces.push("any");
    else if (part === "?") pieces.push("one");
    else pieces.push(codePointAt(part, part.startsWith("\\") && part.length > 1 ? 1 : 0));
  }
  return pieces;
}

function matches(pieces: readonly Piece[], key: string): boolean {
  let [at, piece] = [0, 0];
  let [retryAt, retryPiece] = [0, 0];
  while (at < key.length) {
    const character = codePointAt(key, at);
    if (pieces[piece] === "any") {
      piece += 1;
      [retryAt, retryPiece] = [at, piece];
    } else if (pieces[piece] === character || pieces[piece] === "one") {
      at += widthOf(character);
      piece += 1;
    } else if (retryPiece === 0) {
      return false;
    } else {
      // The last `*` takes one character more. Those before it need not: what they left has matched already.
      retryAt += widthOf(codePointAt(key, retryAt));
      [at, piece] = [retryAt, retryPiece];
    }
  }
  return pieces.slice(piece).every((rest) => rest === "any");
}

function codePointAt(text: string, at: number): number {
  return text.codePointAt(at) ?? Number.NaN;
}

function widthOf(character: number): number {
  return character < ASTRAL ? 1 : 2;
}
