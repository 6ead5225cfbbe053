import { type Awaitable, checkOptions, type OptionNames } from "@granary/core";
import { nextTurn } from "./event-loop.js";

/** The `test(name, run)` of any runner: vitest, jest, mocha, node:test, bun:test, Deno.test. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown;

/** One thing that must hold, as data. */
export interface ContractCase<Opened, Capability extends string = never> {
  /** A sentence that says what holds. */
  readonly name: string;
  /** Only a subject that declares this is held to it. */
  readonly needs?: Capability;
  /** Rejects where it does not hold. */
  run(opened: Opened): Promise<void>;
}

/** What a runner of contracts has to know of a subject. */
export interface ContractSubject<Capability extends string> {
  /** What the subject declares beyond what is required. Checked both ways: what is there must be declared. */
  readonly capabilities?: readonly Capability[];
  /**
   * Cases that do not hold for this subject, by name, each with a reason in writing. Such a case is still
   * run and must fail, so that no skip outlives its reason.
   */
  readonly skips?: Readonly<Record<string, string>>;
}

const SUBJECT_OPTIONS: OptionNames<ContractSubject<string> & { readonly open: unknown }> = {
  open: true,
  capabilities: true,
  skips: true,
};

/** A contract, ready to be laid on a subject. */
export interface Contract<Opened, Capability extends string> {
  readonly cases: ReadonlyArray<ContractCase<Opened, Capability>>;
  readonly subject: ContractSubject<Capability>;
  /** Opens the subject, uses it, closes it whatever happens. */
  readonly withOpened: (use: (opened: Opened) => Promise<void>) => Promise<void>;
  /** Whether an opened subject really has a capability. */
  readonly has: (opened: Opened, capability: Capability) => Awaitable<boolean>;
}

/** Registers each case with the runner: as it is, as one that must fail (a skip), or as an absent capability. */
export function registerContract<Opened, Capability extends string>(
  contract: Contract<Opened, Capability>,
  test: TestFunction,
): void {
  const { cases, subject } = contract;
  checkOptions(subject, SUBJECT_OPTIONS);
  refuseUnknownSkips(cases, subject);
  for (const each of cases) {
    const reason = ownReason(subject, each.name);
    if (isUndeclared(each, subject)) registerAbsence(contract, each, test);
    else if (reason !== undefined) registerSkip(contract, { ...each, reason }, test);
    else test(each.name, () => contract.withOpened((opened) => runDeclared(contract, each, opened)));
  }
}

async function runDeclared<Opened, Capability extends string>(
  contract: Contract<Opened, Capability>,
  each: ContractCase<Opened, Capability>,
  opened: Opened,
): Promise<void> {
  if (each.needs !== undefined && !(await contract.has(opened, each.needs))) {
    throw new Error(`The subject declares "${each.needs}", which it does not have.`);
  }
  await each.run(opened);
}

function registerAbsence<Opened, Capability extends string>(
  contract: Contract<Opened, Capability>,
  { name, needs }: ContractCase<Opened, Capability>,
  test: TestFunction,
): void {
  if (needs === undefined) return;
  test(`${name} [not declared: ${needs}]`, () =>
    contract.withOpened(async (opened) => {
      if (await contract.has(opened, needs)) {
        throw new Error(`The subject has "${needs}": name it in its capabilities.`);
      }
    }));
}

function registerSkip<Opened, Capability extends string>(
  contract: Contract<Opened, Capability>,
  skipped: ContractCase<Opened, Capability> & { readonly reason: string },
  test: TestFunction,
): void {
  test(`${skipped.name} [does not hold: ${skipped.reason}]`, () =>
    contract.withOpened(async (opened) => {
      if (await holds(() => skipped.run(opened))) {
        throw new Error("This case is skipped, yet it holds: take the skip away.");
      }
      // What the broken case left behind settles before the subject is closed.
      await nextTurn();
    }));
}

async function holds(run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch {
    return false;
  }
}

function isUndeclared<Opened, Capability extends string>(
  { needs }: ContractCase<Opened, Capability>,
  { capabilities = [] }: ContractSubject<Capability>,
): boolean {
  return needs !== undefined && !capabilities.includes(needs);
}

function ownReason({ skips = {} }: ContractSubject<string>, name: string): string | undefined {
  return Object.hasOwn(skips, name) ? skips[name] : undefined;
}

function refuseUnknownSkips(cases: ReadonlyArray<{ readonly name: string }>, { skips = {} }: ContractSubject<string>) {
  for (const [name, reason] of Object.entries(skips)) {
    if (!cases.some((each) => each.name === name)) throw new Error(`There is no case "${name}" to skip.`);
    if (reason.trim() === "") throw new Error(`The skip of "${name}" has no reason.`);
  }
}
