import { type FarLine, nextTurn } from "@granary/testkit";

/** A node's line to the far store, in the hands of the test. */
export interface CutLine extends FarLine {
  /** How it is from now on. A line that hangs holds what is said, and carries it on when it is whole. */
  state: "whole" | "cut" | "hangs";
  /** What was carried to the server, by name. */
  readonly carried: string[];
}

export function cutLine(): CutLine {
  const held = new Set<() => void>();
  let state: CutLine["state"] = "whole";
  const carried: string[] = [];
  return {
    carried,
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
      if (state === "cut") throw new Error("The line is cut.");
      if (state === "hangs") await new Promise<void>((go) => held.add(go));
      carried.push(operation);
      const answer = step();
      await nextTurn();
      return answer;
    },
    tell: (task) => queueMicrotask(task),
  };
}
