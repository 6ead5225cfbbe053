import type { BusListener, BusMessage, CacheBus } from "@granary/core";
import type { FarLine } from "@granary/testkit";
import { type Scheduler, turn } from "./scheduler.js";

/** One node's connection to the far store: what travels arrives in order, and when the scheduler says so. */
export interface NodeLine extends FarLine {
  /** Cuts the node off for ever: nothing arrives any more, and nothing is told. */
  cut(): void;
}

export function nodeLine(scheduler: Scheduler, node: string): NodeLine {
  let isCut = false;
  const queue = (): ((label: string) => Promise<void>) => {
    let tail = Promise.resolve();
    return (label) => {
      tail = tail.then(() => turn(scheduler, label));
      return isCut ? new Promise(() => {}) : tail.then(() => (isCut ? new Promise<void>(() => {}) : undefined));
    };
  };
  const [requests, answers] = [queue(), queue()];
  return {
    async call(operation, step) {
      await requests(`${node} asks: ${operation}`);
      const answer = step();
      await answers(`${node} is answered: ${operation}`);
      return answer;
    },
    tell: (task) => void answers(`${node} is woken`).then(task),
    cut: () => {
      isCut = true;
    },
  };
}

/** A bus that delivers in whatever order the scheduler likes, and twice where it is told to. */
export interface FleetHub {
  bus(node: string): CacheBus;
  /** Tells a node that it may have missed messages. */
  gap(node: string): void;
  /** Nothing reaches the node any more, and nothing comes from it. */
  cut(node: string): void;
}

export function fleetHub(scheduler: Scheduler, times: number): FleetHub {
  const ends = new Map<string, Set<BusListener>>();
  const cutOff = new Set<string>();
  const deliver = async (message: BusMessage, node: string): Promise<void> => {
    await turn(scheduler, `${node} hears: ${message.type}`);
    if (!cutOff.has(node)) for (const listener of [...(ends.get(node) ?? [])]) listener.message(message);
  };
  return {
    bus: (node) => ({
      name: node,
      async publish(message) {
        await turn(scheduler, `${node} says: ${message.type}`);
        if (cutOff.has(node)) return;
        for (const other of [...ends.keys()].filter((name) => name !== node)) {
          for (let time = 0; time < times; time += 1) void deliver(message, other);
        }
      },
      subscribe(listener) {
        ends.set(node, (ends.get(node) ?? new Set()).add(listener));
        listener.gap();
        return () => void ends.get(node)?.delete(listener);
      },
    }),
    gap: (node) => {
      for (const listener of ends.get(node) ?? []) listener.gap();
    },
    cut: (node) => void cutOff.add(node),
  };
}
