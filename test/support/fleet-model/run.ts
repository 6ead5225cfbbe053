import type { Cache } from "@granary/core";
import { nextTurn } from "@granary/testkit";
import { Fleet, type FleetNode, type FleetOptions, KEYS } from "./fleet.js";
import type { History, Operation, Value } from "./history.js";
import type { LoadOutcome } from "./origin.js";
import { policyOf } from "./policies.js";
import { drain } from "./scheduler.js";

/** A call of one node. */
export type Call =
  | OfKey<"get">
  | OfKey<"delete">
  | OfKey<"expire">
  | (OfKey<"getOrSet"> & UnderPolicy)
  | (OfKey<"set"> & UnderPolicy)
  | { readonly type: "invalidateTags"; readonly node: number; readonly scope: string; readonly tag: string }
  | { readonly type: "clear"; readonly node: number; readonly scope: string };

interface OfKey<Type extends string> {
  readonly type: Type;
  readonly node: number;
  readonly key: string;
}

interface UnderPolicy {
  readonly policy: string;
}

/** What happens around the nodes. */
export type Event =
  | { readonly type: "write"; readonly key: string }
  | { readonly type: "land"; readonly index: number; readonly outcome: LoadOutcome }
  | { readonly type: "advance"; readonly ms: number }
  | { readonly type: "gap"; readonly node: number }
  | { readonly type: "setBack"; readonly node: number }
  | { readonly type: "quiet" };

/** One thing that happens in a run, from outside. */
export type Action = Call | Event;

/** An action, and how many steps are taken before the next one. */
export interface Move {
  readonly action: Action;
  readonly steps: number;
}

export interface Run extends FleetOptions {
  readonly moves: readonly Move[];
}

const HOUR_MS = 3_600_000;

/** Rounds of a tenth of a second each after which a call that has not ended is stuck. */
const MOST_ROUNDS = 120;

/** Plays a run to its end, and resolves to what happened. */
export async function play({ moves, ...options }: Run): Promise<History> {
  const fleet = new Fleet(options);
  const { scheduler } = options;
  // A node whose server did not tell its time goes by its own clock for a while: no promise holds for that time.
  for (const { ready } of fleet.nodes) void ready();
  await drain(scheduler);
  for (const { action, steps } of moves) {
    await act(fleet, action, options);
    for (let step = 0; step < steps && scheduler.count() > 0; step += 1) {
      await scheduler.waitOne();
      await nextTurn();
    }
  }
  await finish(fleet, options);
  for (const node of fleet.nodes) for (const key of KEYS) operate(fleet, { type: "get", node: node.index, key });
  await drain(scheduler);
  await fleet.close();
  return fleet.history;
}

async function finish(fleet: Fleet, { scheduler }: FleetOptions): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    while (fleet.origin.pending > 0) fleet.origin.land(0, "loaded");
    await drain(scheduler);
    const isOver = fleet.history.operations.every(({ outcome }) => outcome !== "pending");
    if (isOver && fleet.origin.pending === 0) break;
    await fleet.steady.advance(100);
  }
  await fleet.snapshot();
}

async function act(fleet: Fleet, action: Action, options: FleetOptions): Promise<void> {
  if (isEvent(action)) await happen(fleet, action, options);
  else operate(fleet, action);
}

const EVENTS: readonly string[] = ["write", "land", "advance", "gap", "setBack", "quiet"];

function isEvent(action: Action): action is Event {
  return EVENTS.includes(action.type);
}

async function happen(fleet: Fleet, action: Event, { scheduler }: FleetOptions): Promise<void> {
  switch (action.type) {
    case "write":
      fleet.origin.write(action.key);
      return;
    case "land":
      return fleet.origin.land(action.index, action.outcome);
    case "advance":
      return fleet.steady.advance(action.ms);
    case "gap":
      return fleet.hub.gap(`node ${action.node % fleet.nodes.length}`);
    case "setBack":
      return nodeOf(fleet, action.node).machine.shift(-HOUR_MS);
    case "quiet":
      await drain(scheduler);
      return fleet.snapshot();
  }
}

/** Begins a call of one node, and records its end. */
export function operate(fleet: Fleet, call: Call): void {
  const node = nodeOf(fleet, call.node);
  const { recorder, origin, steady } = fleet;
  // An application changes its database first, and its cache then.
  const wrote = call.type === "set" || call.type === "delete" ? origin.write(call.key) : undefined;
  const { type: kind, ...rest } = call;
  const operation = recorder.begin({
    ...rest,
    kind,
    node: node.index,
    begunMs: steady.now(),
    ...(wrote !== undefined && { wrote }),
  });
  if (call.type === "set" && wrote !== undefined) {
    const tags = policyOf(call.policy).options.tags ?? [];
    recorder.bear({
      serial: wrote.serial,
      key: call.key,
      by: "set",
      policy: call.policy,
      tags,
      set: operation,
      node: node.index,
    });
  }
  const ended = (outcome: Operation["outcome"], answer?: unknown): void => {
    operation.outcome = outcome;
    operation.answer = kind === "get" || kind === "getOrSet" ? (answer as Value | undefined) : undefined;
    operation.did = answer === operation.answer ? undefined : answer;
    operation.endedAt = recorder.step();
    operation.endedMs = steady.now();
  };
  perform(fleet, node, { ...call, wrote }).then(
    (answer) => ended("done", answer),
    () => ended("failed"),
  );
}

function perform(fleet: Fleet, node: FleetNode, call: Call & { readonly wrote: Value | undefined }): Promise<unknown> {
  if (call.type === "clear") return scoped(node, call.scope).clear();
  if (call.type === "invalidateTags") return scoped(node, call.scope).invalidateTags(call.tag);
  const [cache, id] = keyed(node, call.key);
  if (call.type === "get") return cache.get(id);
  if (call.type === "delete") return cache.delete(id);
  if (call.type === "expire") return cache.expire(id, { staleIfError: 5_000 });
  const { options } = policyOf(call.policy);
  if (call.type === "set") return cache.set(id, call.wrote as Value, options);
  const question = { key: call.key, policy: call.policy, node: node.index };
  return cache.getOrSet(id, (session) => fleet.origin.load(question, session), options);
}

function nodeOf(fleet: Fleet, index: number): FleetNode {
  return fleet.nodes[index % fleet.nodes.length] as FleetNode;
}

function scoped({ cache, child }: FleetNode, scope: string): Cache<Value> {
  return scope === "" ? cache : child;
}

/** The cache of a key, and its id there. */
export function keyed({ cache, child }: FleetNode, key: string): [Cache<Value>, string] {
  return key.startsWith("child:") ? [child, key.slice("child:".length)] : [cache, key];
}
