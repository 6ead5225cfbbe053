import type { Awaitable } from "@granary/core";
import type { Striking } from "./fault-board.js";
import type { AnyFault, TravelFault } from "./faults.js";

const TRAVEL: ReadonlySet<string> = new Set<TravelFault["type"]>(["hang", "delay", "drop", "reorder"]);

type Act<T> = () => Awaitable<T>;
type By = Striking<AnyFault>;

/** Makes a call that meets, one after the other, the faults that struck it. */
export function makeCall<T>(struck: readonly By[], act: Act<T>): Awaitable<T> {
  return struck.reduceRight<Act<T>>((rest, by) => () => callUnder(by, rest), act)();
}

/** Tells a message, which meets the faults that struck it. */
export function tellMessage(struck: readonly By[], tell: () => void): void {
  struck.reduceRight<() => void>((rest, by) => () => tellUnder(by, rest), tell)();
}

/**
 * Listens, and gives `begin` what it tells messages through: one that comes late is not told when the listening has
 * been stopped. Returns what stops it.
 */
export function listenUntilStopped(begin: (whileListening: (tell: () => void) => void) => () => void): () => void {
  let state: "listens" | "stopped" = "listens";
  const stop = begin((tell) => {
    if (state === "listens") tell();
  });
  return () => {
    state = "stopped";
    stop();
  };
}

function callUnder<T>(by: By, act: Act<T>): Awaitable<T> {
  const { type, at } = by.fault;
  if (!by.isInForce) return act();
  if (type === "duplicate") return callTwice(by, act);
  if (type === "reject") return rejected(by.fault, act);
  // What befalls the work itself takes no time: a store that answers at once still does.
  if (!TRAVEL.has(type)) return act();
  return at === "answer" ? answered(by, act) : requested(by, act);
}

function requested<T>(by: By, act: Act<T>): Promise<T> {
  return new Promise((resolve) => by.pass(() => resolve(begun(act))));
}

async function answered<T>(by: By, act: Act<T>): Promise<T> {
  const answer = begun(act);
  // A failure is an answer as well.
  await answer.then(ignore, ignore);
  await new Promise<void>((resolve) => by.pass(resolve));
  return answer;
}

async function rejected<T>({ at, error = plantedError() }: AnyFault, act: Act<T>): Promise<T> {
  if (at === "answer") await act();
  throw error;
}

async function callTwice<T>(by: By, act: Act<T>): Promise<T> {
  const answer = await act();
  const again = () => begun(act).then(ignore, ignore);
  if (!by.isInForce) return answer;
  if (by.fault.ms === undefined) await again();
  else by.later(() => void again());
  return answer;
}

function tellUnder(by: By, tell: () => void): void {
  if (by.fault.type !== "duplicate" || !by.isInForce) return by.pass(tell);
  tell();
  if (by.fault.ms === undefined) tell();
  else by.later(tell);
}

/** Begins at once; what is thrown is a rejection. */
async function begun<T>(act: Act<T>): Promise<T> {
  return act();
}

function ignore(): void {}

/** What fails where a test gives no error of its own. */
export function plantedError(): Error {
  return new Error("This fails because a test wants it to.");
}
