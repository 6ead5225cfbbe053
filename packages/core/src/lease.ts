import { type Clock, runBehind } from "./clock.js";
import type { CacheEntry } from "./entry.js";
import type { Flight } from "./flight.js";
import { newEpoch } from "./generations.js";
import type { Admit, LeaseAnswer, LeaseClaim, LeasesCapability } from "./store.js";

/** What a flight may do about a key that other nodes may be loading too. */
export type Right =
  /** Load, and write the result under the lease. */
  | { readonly type: "lease"; readonly lease: Lease; readonly entry: CacheEntry | undefined }
  /** Another node has loaded meanwhile. */
  | { readonly type: "found"; readonly entry: CacheEntry }
  /**
   * Load, and keep the result in this process only: the store cannot say who loads, or what another node has loaded has
   * come to nothing. `seen` is what the store holds, where it has said.
   */
  | { readonly type: "alone"; readonly seen: { readonly entry: CacheEntry | undefined } | undefined };

/** Why a wait for another node ends: the lease is said to have ended, or it is time to ask again. */
export type Waking = "heard" | "due";

/** Tells that a flight waits for another node, and gives what tells that it waits no longer. */
export type StandAside = () => (waking: Waking) => void;

export interface LeaseQuestion {
  readonly leases: LeasesCapability;
  readonly clock: Clock;
  readonly flight: Flight;
  readonly admit: Admit | undefined;
  /** Whether what the store holds spares the load. */
  isGoodEnough(entry: CacheEntry): boolean;
  report(operation: string, error: unknown, key: string): void;
  /** Called where another node has the right. What it gives is called when the flight is about to ask again. */
  readonly standAside?: StandAside | undefined;
}

/** How often a node asks in a row because the key was changed meanwhile. */
const MOST_ASKS = 3;
/** A holder renews its lease this often while it lasts, so that it can miss one and go on. */
const RENEWALS_PER_LEASE = 3;
/** How long a node that heard nothing waits before it asks again: at first, and at most. */
const FIRST_POLL_MS = 20;
const LONGEST_POLL_MS = 250;

/** Asks for the right to load the key of a flight, and waits for whoever has it. (Leases: Nishtala et al., NSDI 2013.) */
export async function seekRight(question: LeaseQuestion): Promise<Right> {
  const token = newEpoch();
  try {
    return await askUntilAnswered(question, token);
  } catch (error) {
    question.report("lease", error, question.flight.key);
    // An answer that was lost may have given the right: nobody else is to wait until it runs out. That this fails too is no news.
    giveBack(question, token, () => {});
    return { type: "alone", seen: undefined };
  }
}

function giveBack({ leases, flight }: LeaseQuestion, token: string, failed: (error: unknown) => void): void {
  const releasing = async (): Promise<void> => leases.release(flight.key, token);
  releasing().catch(failed);
}

/**
 * A lease is no queue: whoever waits does so for one load. Where that ends without a value to take, one of those who
 * wait is granted the next lease, and the others see it in another hand: they load at once, and not one after the other.
 */
async function askUntilAnswered(question: LeaseQuestion, token: string): Promise<Right> {
  const { flight, clock } = question;
  const awaited = new AwaitedLoad();
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
    const answer = await ask(question, token);
    const { entry } = answer;
    if (answer.type === "granted") return granted(question, { ...answer, token });
    if (entry !== undefined && question.isGoodEnough(entry)) return { type: "found", entry };
    if (awaited.hasFailed(answer, flight, clock.now())) return { type: "alone", seen: { entry } };
    const askAgain = question.standAside?.();
    const waking = await woken(question, Math.min(pollMs, answer.leftMs + 1));
    askAgain?.(waking);
    // What it loads is not kept: others would see a lease come and go, and take it for a load that has failed.
    if (flight.landed || flight.voided) return { type: "alone", seen: undefined };
  }
}

type Taken = Extract<LeaseAnswer, { type: "taken" }>;

/** The load of another node that a flight waits for. */
class AwaitedLoad {
  #holder: string | undefined;
  /** Until when its lease stands, unless it is renewed. */
  #until = Number.POSITIVE_INFINITY;
  #overtaken = 0;

  /**
   * Whether it has ended without a value to take, as far as the next answer tells. One that a change of the key has
   * ended, and one whose node has died, so that its lease ran out, make way for the next, which is waited for.
   */
  hasFailed({ holder, leftMs }: Taken, { overtaken }: Flight, now: number): boolean {
    const isAnother = this.#holder !== undefined && this.#holder !== holder;
    const hasFailed = isAnother && overtaken === this.#overtaken && now < this.#until;
    this.#holder = holder;
    this.#until = now + leftMs;
    this.#overtaken = overtaken;
    return hasFailed;
  }
}

/**
 * Asks, and asks again where the key was changed meanwhile: the answer may hold the value that the change replaced, or a
 * right that it has taken away. A key that never rests gets one last answer, and the next change ends the flight.
 */
async function ask({ leases, flight, admit }: LeaseQuestion, token: string): Promise<LeaseAnswer> {
  for (let asks = 1; ; asks += 1) {
    if (asks === MOST_ASKS) flight.isSeeking = false;
    const { overtaken } = flight;
    const answer = await leases.acquire(flight.key, token, admit);
    if (flight.overtaken === overtaken) return answer;
  }
}

interface Grant extends Extract<LeaseAnswer, { type: "granted" }> {
  readonly token: string;
}

function granted(question: LeaseQuestion, grant: Grant): Right {
  const lease = new Lease(question, grant);
  const { entry } = grant;
  // Look again, now that the right is ours: the last holder may have filled the key between our look and our asking.
  if (entry === undefined || !question.isGoodEnough(entry)) return { type: "lease", lease, entry };
  lease.end();
  return { type: "found", entry };
}

/** Until the lease of the key ends, as far as is heard, or `ms` have passed. */
function woken({ leases, clock, flight }: LeaseQuestion, ms: number): Promise<Waking> {
  return new Promise((resolve) => {
    const wake = (waking: Waking): void => {
      cancel();
      unwatch();
      resolve(waking);
    };
    const hear = (): void => wake("heard");
    const cancel = clock.after(ms, () => wake("due"));
    const unwatch = leases.watch(flight.key, hear);
    flight.onRelease = hear;
  });
}

/** A lease that this node holds. It is renewed until it is used, given back, or lost. */
export class Lease {
  readonly #question: LeaseQuestion;
  readonly #token: string;
  readonly #ttlMs: number;
  readonly #generations: string | undefined;
  #cancelRenewal: (() => void) | undefined;
  #state: "held" | "ended" = "held";

  constructor(question: LeaseQuestion, { token, generations, ttlMs = question.leases.ttlMs }: Grant) {
    this.#question = question;
    this.#token = token;
    this.#generations = generations;
    this.#ttlMs = ttlMs;
    // A flight that is voided or given up holds nobody else back.
    if (question.flight.voided || question.flight.landed) this.end();
    else question.flight.onRelease = () => this.end();
    this.#renewLater();
  }

  /** Writes the entry, or deletes the key where there is none, if nothing has taken the lease away. Whether it did. */
  async fill(entry: CacheEntry | undefined, claim: Pick<LeaseClaim, "reason">): Promise<boolean> {
    if (this.#state === "ended") return false;
    this.#cancelRenewal?.();
    const { leases, flight } = this.#question;
    let isFilled = false;
    try {
      isFilled = await leases.fill(flight.key, entry, { ...claim, token: this.#token, generations: this.#generations });
      return isFilled;
    } finally {
      // A fill ends the lease. One that came to nothing, such as of a value that cannot be written, does not.
      if (isFilled) this.#stop();
      else this.end();
    }
  }

  /** Gives the lease back, unless it was used. */
  end(): void {
    if (this.#state === "ended") return;
    this.#stop();
    const { flight, report } = this.#question;
    giveBack(this.#question, this.#token, (error) => report("lease", error, flight.key));
  }

  #stop(): void {
    this.#state = "ended";
    this.#cancelRenewal?.();
  }

  #renewLater(): void {
    if (this.#state === "ended") return;
    const { clock } = this.#question;
    this.#cancelRenewal = runBehind(clock, this.#ttlMs / RENEWALS_PER_LEASE, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { leases, flight, report } = this.#question;
    try {
      // One that is lost is not asked for again: somebody changed the key, or loads it by now.
      if (await leases.renew(flight.key, this.#token, this.#ttlMs)) this.#renewLater();
    } catch (error) {
      report("lease", error, flight.key);
      this.#renewLater();
    }
  }
}
