import { type FarLine, nextTurn } from "@granary/testkit";

/** A node's line to the far store, in the hands of the test. */
export interface CutLine extends FarLine {
  /** How it is from now on. A line that hangs holds what is said, and carries it on when it is whole. */
  state: "whole" | "cut" | "hangs";
  /** What was carried to the server, by name. */
  readonly carried: string[];
  /** Requests of these names are refused, whatever else the line does. */
  readonly refused: Set<string>;
  /** From now on answers to requests of this name wait. Returns what lets them go. */
  holdAnswers(operation: string): () => void;
}

export function cutLine(): CutLine {
  const held = new Set<() => void>();
  let state: CutLine["state"] = "whole";
  const carried: string[] = [];
  const refused = new Set<string>();
  const answers = new Map<string, Promise<void>>();
  return {
    carried,
    refused,
    holdAnswers(operation) {
      let release = (): void => {};
      answers.set(operation, new Promise<void>((go) => (release = go)));
      return () => {
        answers.delete(operation);
        release();
      };
    },
    get state() {
      return state;
    },
    set state(next) {
      state = next;
      if (next !== "whole") return;
      for (const go of held) go();
      held.clear();
    },
    async call(operation, step) {
      if (state === "cut" || refused.has(operation)) throw new Error("The line is cut.");
      if (state === "hangs") await new Promise<void>((go) => held.add(go));
      carried.push(operation);
      const answer = step();
      await (answers.get(operation) ?? nextTurn());
      return answer;
    },
    tell: (task) => queueMicrotask(task),
  };
}
