import type { LoadContext } from "@granary/core";
import type { Birth, Recorder, Value } from "./history.js";
import { policyOf } from "./policies.js";
import { type Scheduler, turn } from "./scheduler.js";

interface PendingLoad {
  end(outcome: LoadOutcome): void;
}

export type LoadOutcome = "loaded" | "failed";

/** Waits for the end of a load. */
export type LoadEnd = (load: Birth) => Promise<LoadOutcome>;

export interface OriginQuestion {
  readonly key: string;
  readonly policy: string;
  readonly node: number;
}

/** Where values come from: a version a key, and loads that end when they are told to. */
export class Origin {
  readonly #recorder: Recorder;
  readonly #end: LoadEnd;
  readonly #versions = new Map<string, number>();
  readonly #pending = new Set<PendingLoad>();

  /** `end`: default: when a load is told to land. */
  constructor(scheduler: Scheduler, recorder: Recorder, end?: LoadEnd) {
    this.#recorder = recorder;
    this.#end = end ?? ((load) => this.#landed(scheduler, load));
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** The application writes: the next load of `key` finds a higher version. */
  write(key: string): Value {
    const version = this.#version(key) + 1;
    this.#versions.set(key, version);
    return this.#recorder.value(version);
  }

  /** A load: what it brings is what was there when it began. */
  async load({ key, policy, node }: OriginQuestion, session: LoadContext<Value>): Promise<Value> {
    const { lateTags, isConditional, options } = policyOf(policy);
    const fresh = this.#recorder.value(this.#version(key));
    const tags = lateTags ?? options.tags ?? [];
    const isSame = isConditional === true && session.previous?.value.version === fresh.version;
    const value = isSame && session.previous !== undefined ? session.previous.value : fresh;
    const birth = this.#recorder.bear({ serial: value.serial, key, by: "load", policy, tags, node });
    await this.#ended(birth);
    if (lateTags !== undefined) session.setTags(lateTags);
    return isSame ? session.notModified() : fresh;
  }

  /** Lets a load that is under way end. */
  land(index: number, outcome: LoadOutcome): void {
    const pending = [...this.#pending];
    const load = pending[index % Math.max(1, pending.length)];
    if (load === undefined) return;
    this.#pending.delete(load);
    load.end(outcome);
  }

  async #landed(scheduler: Scheduler, { key, node }: Birth): Promise<LoadOutcome> {
    const outcome = await new Promise<LoadOutcome>((end) => this.#pending.add({ end }));
    await turn(scheduler, `the load of ${key} on node ${node} has ${outcome}`);
    return outcome;
  }

  async #ended(birth: Birth): Promise<void> {
    const outcome = await this.#end(birth);
    birth.loadEnded = outcome;
    birth.loadEndedAt = this.#recorder.step();
    if (outcome === "failed") throw new Error("The origin is down.");
  }

  #version(key: string): number {
    return this.#versions.get(key) ?? 0;
  }
}
