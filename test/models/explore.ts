/** A step that may come next: what happens, and the state behind it. */
export type Step<State> = readonly [what: string, next: State];

/** A model: every step from every state, and what must not be. */
export interface Model<State> {
  readonly start: State;
  steps(state: State): Iterable<Step<State>>;
  /** What is wrong with a state, in words; `undefined` where nothing is. */
  wrong(state: State): string | undefined;
  /** States with the same text count as one. */
  key(state: State): string;
}

export interface Explored {
  /** How many different states were seen. */
  readonly states: number;
  /** Whether there is no state beyond those seen. */
  readonly isComplete: boolean;
  /** The shortest way to something wrong. */
  readonly violation?: { readonly why: string; readonly trace: readonly string[] };
}

interface Reached<State> {
  readonly state: State;
  readonly what: string;
  readonly before: Reached<State> | undefined;
}

/** Visits every state that at most `depth` steps lead to, the near ones first, and stops at the first that is wrong. */
export function explore<State>(model: Model<State>, depth: number): Explored {
  const seen = new Set([model.key(model.start)]);
  let frontier: Reached<State>[] = [{ state: model.start, what: "", before: undefined }];
  for (let at = 0; at < depth && frontier.length > 0; at += 1) {
    frontier = [...beyond(model, frontier, seen)];
    const last = frontier.at(-1);
    const why = last && model.wrong(last.state);
    if (last !== undefined && why !== undefined)
      return { states: seen.size, isComplete: false, violation: { why, trace: traceOf(last) } };
  }
  return { states: seen.size, isComplete: frontier.length === 0 };
}

/** The states that are one step further and were not seen yet. One that is wrong is the last. */
function* beyond<State>(
  model: Model<State>,
  frontier: readonly Reached<State>[],
  seen: Set<string>,
): Generator<Reached<State>> {
  for (const reached of nextOf(model, frontier)) {
    const key = model.key(reached.state);
    if (seen.has(key)) continue;
    seen.add(key);
    yield reached;
    if (model.wrong(reached.state) !== undefined) return;
  }
}

function* nextOf<State>(model: Model<State>, frontier: readonly Reached<State>[]): Generator<Reached<State>> {
  for (const before of frontier) for (const [what, state] of model.steps(before.state)) yield { state, what, before };
}

function traceOf<State>(last: Reached<State>): readonly string[] {
  const trace: string[] = [];
  for (let at: Reached<State> | undefined = last; at?.before !== undefined; at = at.before) trace.unshift(at.what);
  return trace;
}
