import type { Entry, Generation, LevelRecord } from "./generations.js";

/** What the far store holds of the one key, and of the levels it lives in, the root first. */
export interface Far {
  records: (LevelRecord | null)[];
  entry: Entry | null;
  /** Who may write a load. */
  lease: number | null;
  /** The version that an acknowledged change has asked for: nothing older may be given. */
  must: number;
}

/** Where a node stands. */
export type Node =
  | { readonly at: "idle" }
  | {
      readonly at: "asked";
      readonly entry: Entry | null;
      readonly records: (LevelRecord | null)[];
      readonly ticket: number;
      readonly hidden: boolean;
    }
  | { readonly at: "looked"; readonly generations: Known; readonly ticket: number }
  | ({ readonly at: "loading" } & Load)
  | ({ readonly at: "loaded" } & Load);

interface Load {
  readonly generations: Known;
  readonly ticket: number;
  readonly value: number;
  /** It began where the far store could not be reached. */
  readonly isAlone: boolean;
}

/** The generations of all levels, or nothing where one of them is not known. */
export type Known = readonly Generation[] | null;

/** What the near tier of node A holds. */
export interface Near {
  readonly entry: Entry;
  /** The far store does not have it. */
  readonly isAlone: boolean;
}

/** A change, as it is told to the others, and again after a failover. */
export interface Change {
  readonly what: "clear" | "tag" | "key" | "set";
  readonly level: number;
  readonly version: number;
}

export type Message =
  | { readonly what: "gap" }
  | { readonly what: "key" }
  | { readonly what: "level"; readonly level: number; readonly record: LevelRecord };

export interface State {
  /** Grows with every step. */
  time: number;
  nextEpoch: number;
  /** The newest version. */
  origin: number;
  far: Far;
  /** A replica, as it was when it last copied, and what has been changed since. */
  replica: Far | null;
  since: Change[];
  /** Changes that a failover has lost and that their node will tell again. */
  lost: Change[];
  hasFailedOver: boolean;
  isClockBack: boolean;
  /** A and B. */
  nodes: [Node, Node];
  near: Near | null;
  /** The records as A last saw them, or was told. */
  known: (LevelRecord | null)[];
  ticket: number;
  inbox: Message[];
  /** Node A cannot reach the far store. */
  isCutOff: boolean;
  /** What the far store must lose, of A and of the writer: the version that it hides everything before. */
  owed: number | null;
  owedByWriter: number | null;
  /** What A itself has promised its readers. */
  mustHere: number;
  /** The newest version that a reader on A was given. */
  seen: number;
  /** A set that has read the records and has not been written yet. */
  setting: Known;
  faults: number;
  /** What a reader was given in the step that led here. */
  given: { readonly by: "near" | "far"; readonly value: number; readonly isQuiet: boolean } | null;
}

export function startState(levels: number): State {
  const none = (): null[] => Array.from({ length: levels }, () => null);
  return {
    time: 1,
    nextEpoch: 1,
    origin: 0,
    far: { records: none(), entry: null, lease: null, must: 0 },
    replica: null,
    since: [],
    lost: [],
    hasFailedOver: false,
    isClockBack: false,
    nodes: [{ at: "idle" }, { at: "idle" }],
    near: null,
    known: none(),
    ticket: 0,
    inbox: [],
    isCutOff: false,
    owed: null,
    owedByWriter: null,
    mustHere: 0,
    seen: 0,
    setting: null,
    faults: 0,
    given: null,
  };
}

/** The state behind a change of a copy of `state`. What a change replaces it replaces whole. */
export function after(state: State, change: (next: State) => void): State {
  const next: State = {
    ...state,
    time: state.time + 1,
    far: { ...state.far, records: [...state.far.records] },
    since: [...state.since],
    lost: [...state.lost],
    nodes: [...state.nodes],
    known: [...state.known],
    inbox: [...state.inbox],
    given: null,
  };
  change(next);
  return next;
}

/** Only the order of sequences and of epochs counts, so states that differ in nothing else are one. */
export function keyOf(state: State): string {
  const generations = generationsIn(state);
  const rank = ranks(
    generations.flatMap(({ sequence, ...record }) => [sequence, ...fieldsOf(record)]).filter((each) => each >= 0),
  );
  const epoch = ranks(generations.map((each) => each.epoch));
  const own = (g: Generation | LevelRecord | null): unknown =>
    g && [epoch.get(g.epoch), rank.get(g.sequence), ...fieldsOf(g).map((each) => rank.get(each) ?? -1)];
  const entry = (e: Entry | null): unknown => e && [e.value, e.generations.map(own)];
  const far = (f: Far | null): unknown => f && [f.records.map(own), entry(f.entry), f.lease, f.must];
  const isCurrent = (ticket: number): boolean => ticket === state.ticket;
  const node = (n: Node): unknown => {
    if (n.at === "idle") return 0;
    if (n.at === "asked") return [1, entry(n.entry), n.records.map(own), isCurrent(n.ticket), n.hidden];
    if (n.at === "looked") return [2, n.generations?.map(own), isCurrent(n.ticket)];
    return [n.at, n.generations?.map(own), isCurrent(n.ticket), n.value, n.isAlone];
  };
  return JSON.stringify([
    state.origin,
    far(state.far),
    far(state.replica),
    state.since,
    state.lost,
    state.nodes.map(node),
    state.near && [entry(state.near.entry), state.near.isAlone],
    state.known.map(own),
    state.inbox.map((m) => (m.what === "level" ? [m.level, own(m.record)] : m.what)),
    [
      state.hasFailedOver,
      state.isClockBack,
      state.isCutOff,
      state.owed,
      state.owedByWriter,
      state.mustHere,
      state.seen,
      state.faults,
    ],
    state.setting?.map(own),
    state.given,
  ]);
}

function fieldsOf(record: Partial<LevelRecord>): number[] {
  return record.cleared === undefined ? [] : [record.cleared, record.tagged ?? -1, record.tag ?? -1];
}

function generationsIn(state: State): (Generation & Partial<LevelRecord>)[] {
  const all: (Generation | LevelRecord | null | undefined)[] = [...state.known];
  const add = (far: Far | null): void => void all.push(...(far?.records ?? []), ...(far?.entry?.generations ?? []));
  add(state.far);
  add(state.replica);
  for (const node of state.nodes) {
    if (node.at === "asked") all.push(...node.records, ...(node.entry?.generations ?? []));
    else if (node.at !== "idle") all.push(...(node.generations ?? []));
  }
  all.push(...(state.near?.entry.generations ?? []), ...(state.setting ?? []));
  for (const message of state.inbox) if (message.what === "level") all.push(message.record);
  return all.filter((each) => each !== null && each !== undefined);
}

function ranks(numbers: readonly number[]): Map<number, number> {
  return new Map([...new Set(numbers)].sort((a, b) => a - b).map((each, at) => [each, at]));
}
