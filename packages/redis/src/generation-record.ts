import { CacheError, type GenerationRecord } from "@granary/core";

const RECORD = /^([0-9a-z]+) (\d+) (\d+) (\d+)$/;

/**
 * The record of a namespace, `epoch sequence cleared tagged`. What is refused here the script refuses too, and makes anew.
 * @throws CacheError `UNREADABLE`
 */
export function recordIn(text: string): GenerationRecord {
  const [, epoch, ...numbers] = RECORD.exec(text) ?? [];
  const [sequence = Number.NaN, cleared = 0, tagged = 0] = numbers.map(Number);
  if (epoch !== undefined && sequence <= Number.MAX_SAFE_INTEGER && Math.max(cleared, tagged) <= sequence) {
    return { epoch, sequence, cleared, tagged };
  }
  throw new CacheError(
    "UNREADABLE",
    `The generation of a namespace cannot be read: ${JSON.stringify(text.slice(0, 40))}.`,
  );
}
