/*
 * What decides whether an entry is valid: counters of the store that holds it, and no clock (docs/invalidation.md).
 *
 * Each namespace level has a record: an epoch, which is random and made with the record, and a sequence, which goes up
 * with every invalidation. An entry carries the epoch and the sequence that stood before its load began, for each of its
 * levels, the outermost first: `epoch.sequence,epoch.sequence`.
 */

/** How often a namespace was invalidated, in which epoch. */
export interface Generation {
  readonly epoch: string;
  readonly sequence: number;
}

/** What a store keeps for one namespace. */
export interface GenerationRecord extends Generation {
  /** The sequence of the last invalidation of the whole namespace; 0: never. */
  readonly cleared: number;
  /** The sequence of the last invalidation of any tag in it; 0: never. */
  readonly tagged: number;
}

/**
 * Whether an entry is valid by the records of its levels: `"ask"` where it was tagged and some tag was invalidated since,
 * so that the sequences of its own tags decide.
 */
export type Validity = "valid" | "invalid" | "ask";

/** The generations that `records` stand for, as an entry carries them. */
export function generationsOf(records: readonly Generation[]): string {
  return records.map(({ epoch, sequence }) => `${epoch}.${sequence}`).join(",");
}

/** The generations that an entry carries; none where the text is damaged. */
export function readGenerations(text: string): readonly Generation[] {
  const read = text.split(",").map((each) => {
    const point = each.indexOf(".");
    return { epoch: each.slice(0, point), sequence: Number(each.slice(point + 1)) };
  });
  return read.every(({ epoch, sequence }) => epoch !== "" && Number.isSafeInteger(sequence)) ? read : [];
}

/**
 * The validity of an entry that carries `generations`. A record that is missing was lost, and one of another epoch was made
 * since: whoever lost it may have lost an invalidation. A sequence beyond the record's is one that a failover took back.
 */
export function validityOf(
  generations: string | undefined,
  records: ReadonlyArray<GenerationRecord | undefined>,
  isTagged: boolean,
): Validity {
  if (records.length === 0) return "valid";
  const carried = generations === undefined ? [] : readGenerations(generations);
  if (carried.length !== records.length) return "invalid";
  let validity: Validity = "valid";
  for (let at = 0; at < records.length; at += 1) {
    const [record, { epoch, sequence }] = [records[at], carried[at] as Generation];
    if (record === undefined || record.epoch !== epoch || sequence > record.sequence || sequence < record.cleared)
      return "invalid";
    if (isTagged && sequence < record.tagged) validity = "ask";
  }
  return validity;
}

/** A record for a namespace that has none. Nothing that was written before it is valid by it. */
export function newRecord(now: number): GenerationRecord {
  return { epoch: newEpoch(), sequence: sequenceAt(now), cleared: 0, tagged: 0 };
}

/** `record` after an invalidation at `now`, of the tags or of the whole namespace. */
export function raised(record: GenerationRecord, what: "namespace" | "tags", now: number): GenerationRecord {
  const sequence = Math.max(record.sequence + 1, sequenceAt(now));
  return what === "tags" ? { ...record, sequence, tagged: sequence } : { ...record, sequence, cleared: sequence };
}

/**
 * At least the time in microseconds, so that a sequence which a failover took back is not given out twice.
 * It only has to be new: whether an entry is valid does not hang on what the time is.
 */
function sequenceAt(now: number): number {
  return Math.max(1, Math.floor(now * 1_000));
}

/** What the epochs of this process begin with, and how many there were. */
let ofThisProcess: string | undefined;
let made = 0;

/** One that never comes twice, in this process or another: a random beginning for the process, then their number. */
export function newEpoch(): string {
  // Not as soon as this is imported: not every runtime has random numbers by then. The time is for tests that fake them.
  ofThisProcess ??= Math.floor(Math.random() * 2 ** 52 + Date.now()).toString(36);
  made += 1;
  return ofThisProcess + made.toString(36);
}
