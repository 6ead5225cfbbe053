/** How often a namespace level was invalidated, and in which count: both are numbers of the store. */
export interface Generation {
  readonly epoch: number;
  readonly sequence: number;
}

/** What the store knows of one level: its generation, and at which sequence it was last cleared and last tagged. */
export interface LevelRecord extends Generation {
  /** `-1` for never. */
  readonly cleared: number;
  /** When any tag was last invalidated; `-1` for never. */
  readonly tagged: number;
  /** When the one tag of the models was; `-1` where nothing is known of it. */
  readonly tag: number;
}

/** A value with the generations of its levels, the root first. Every entry of the models carries the one tag. */
export interface Entry {
  readonly value: number;
  readonly generations: readonly Generation[];
}

/** The rules of generations, each of which a model can leave out to show what it is for. */
export interface Rules {
  /** An entry of another epoch than the record's is gone. */
  readonly epochs: boolean;
  /** An entry is gone whose sequence is beyond the record's. */
  readonly upperBound: boolean;
  /** A sequence is at least the server's time. */
  readonly floor: boolean;
  /** Where a record is missing, the entry is gone. */
  readonly recordRequired: boolean;
}

export const RULES: Rules = { epochs: true, upperBound: true, floor: true, recordRequired: true };

/** Whether `entry` may be given by what is known of its levels. */
export function isValid(records: readonly (LevelRecord | null)[], entry: Entry, rules: Rules): boolean {
  return entry.generations.every((own, level) => isValidAt(records[level] ?? null, own, rules));
}

function isValidAt(record: LevelRecord | null, own: Generation, rules: Rules): boolean {
  if (record === null) return !rules.recordRequired;
  if (rules.epochs && own.epoch !== record.epoch) return false;
  if (rules.upperBound && own.sequence > record.sequence) return false;
  if (own.sequence < record.cleared) return false;
  return !(own.sequence < record.tagged && own.sequence < record.tag);
}

/** A record that was not there: a new count, which begins at the server's time. */
export function newRecord(epoch: number, time: number): LevelRecord {
  return { epoch, sequence: time, cleared: -1, tagged: -1, tag: -1 };
}

/** The record behind an invalidation of the whole level, or of the tag in it. */
export function raised(
  record: LevelRecord,
  what: "clear" | "tag",
  { floor, time }: Pick<Rules, "floor"> & { readonly time: number },
): LevelRecord {
  const sequence = floor ? Math.max(record.sequence + 1, time) : record.sequence + 1;
  return what === "clear"
    ? { ...record, sequence, cleared: sequence }
    : { ...record, sequence, tagged: sequence, tag: sequence };
}

/** What is known of a level once `told` is known too: within an epoch nothing goes back. */
export function merged(known: LevelRecord, told: LevelRecord): LevelRecord {
  return {
    epoch: known.epoch,
    sequence: Math.max(known.sequence, told.sequence),
    cleared: Math.max(known.cleared, told.cleared),
    tagged: Math.max(known.tagged, told.tagged),
    tag: Math.max(known.tag, told.tag),
  };
}
