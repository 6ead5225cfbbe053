import { CacheError, type GenerationRecord } from "@granary/core";

const RECORD = /^(\w+) (\d{1,16}) (\d{1,16}) (\d{1,16})$/;

/** The record of a namespace, `epoch sequence cleared tagged`. @throws CacheError `UNREADABLE` */
export function recordIn(text: string): GenerationRecord {
  const [, epoch, sequence, cleared, tagged] = RECORD.exec(text) ?? [];
  if (epoch === undefined) {
    throw new CacheError(
      "UNREADABLE",
      `The generation of a namespace cannot be read: ${JSON.stringify(text.slice(0, 40))}.`,
    );
  }
  return { epoch, sequence: Number(sequence), cleared: Number(cleared), tagged: Number(tagged) };
}
