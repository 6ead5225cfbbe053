/** A piece of a glob: one literal character, any one character, or any number of them. */
type Piece = { readonly literal: string } | "one" | "any";

/**
 * A test for a glob of `*`, `?` and `\` before a literal character; everything else is literal.
 * Greedy with one point to go back to, so its time is bounded by text times glob, whatever they hold.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const pieces = parse(glob);
  return (text) => matches(text, pieces);
}

function parse(glob: string): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < glob.length; at += 1) {
    const character = glob.charAt(at);
    if (character === "*") pieces.push("any");
    else if (character === "?") pieces.push("one");
    else if (character === "\\" && at + 1 < glob.length) pieces.push({ literal: glob.charAt((at += 1)) });
    else pieces.push({ literal: character });
  }
  return pieces;
}

function matches(text: string, pieces: readonly Piece[]): boolean {
  let [at, piece, starAt, starPiece] = [0, 0, 0, -1];
  while (at < text.length) {
    if (pieces[piece] === "any") {
      [starAt, starPiece] = [at, piece];
      piece += 1;
    } else if (fits(pieces[piece], text.charAt(at))) {
      at += 1;
      piece += 1;
    } else if (starPiece >= 0) {
      // The last star takes one character more, and the rest is tried again behind it.
      starAt += 1;
      [at, piece] = [starAt, starPiece + 1];
    } else return false;
  }
  return pieces.slice(piece).every((rest) => rest === "any");
}

function fits(piece: Piece | undefined, character: string): boolean {
  return piece === "one" || (typeof piece === "object" && piece.literal === character);
}
