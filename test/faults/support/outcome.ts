import type { Closing, Findings, NodeResult, Slice, Span } from "./fault-fleet.js";
import type { Plan } from "./plan.js";

/** What one node came to in a run. */
export interface NodeOutcome extends NodeResult {
  readonly name: string;
  readonly slices: readonly Slice[];
  /** Bytes that it held, after collecting garbage: before the fault, and at its end. */
  readonly heldBytes: readonly [before: number, atEnd: number];
  /** Gaps on the bus that it was told of: before the fault, and at the end of everything. */
  readonly gaps: readonly [before: number, atEnd: number];
  /** How long after the fault its store was well, and owed nothing. */
  readonly recoveredMs: number;
  readonly owedAtLast: number;
}

/** How one node ended. */
export interface Ending extends Closing {
  readonly name: string;
  /** The exit code of its process, which ends by itself. */
  readonly exit: number | null | "stayed";
}

/** What a run came to. */
export interface Outcome {
  readonly name: string;
  readonly lines: string;
  readonly plan: Plan;
  readonly spans: { readonly before: Span; readonly fault: Span; readonly after: Span };
  /** When the fault was there. */
  readonly marks: readonly Span[];
  readonly nodes: readonly NodeOutcome[];
  /** What was read while the fault lasted, and from then on until the end. */
  readonly findings: { readonly during: Findings; readonly whole: Findings };
  /** Whether nodes could not say in time what they had changed. */
  readonly isMute?: boolean;
  /** How long after the fault some node still read what had been changed before its end. */
  readonly agreedMs: number;
  /** How the processes ended, where nothing came behind the fault. */
  readonly endings?: readonly Ending[];
  /** What each node and the origin hold at the end, of the keys on which they do not agree. */
  readonly disagreements: readonly string[];
  /** What the machine took from the process that looked on: what a bound in real time has on top. */
  readonly lostMs: number;
  readonly evidence: string;
}

/** Each of `outcome`'s nodes, asked for what is to be nothing, by name where it is something. */
export function amiss<T>({ nodes }: Outcome, look: (node: NodeOutcome) => T): Readonly<Record<string, T>> {
  const seen = nodes.map((node) => [node.name, look(node)] as const);
  return Object.fromEntries(seen.filter(([, found]) => !isNothing(found)));
}

function isNothing(found: unknown): boolean {
  if (typeof found === "number") return found === 0;
  return Object.keys(Object(found)).length === 0;
}

/** What a test came to that is no such run. */
export interface Note {
  readonly name: string;
  /** What of the contract it is about. */
  readonly lines: string;
  /** What it measured. */
  readonly came: string;
}
