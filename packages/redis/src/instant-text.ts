/** An instant as the script reads it: Lua knows no other spelling of an infinity. */
export function instantText(at: number): string {
  return at === Number.NEGATIVE_INFINITY ? "-inf" : String(at);
}
