import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { promisify } from "node:util";
import { startChild } from "./child.mjs";
import { redisServer } from "./redis-server.mjs";
import { measureTimed } from "./timed-row.mjs";
import { versionsOf } from "./versions.mjs";

const WARM_UP = 2;

/** Two processes that wake each other take now longer, now shorter: it takes more rounds to see what is the rule. */
const MORE_ROUNDS = 3;

/** Who takes part, in how many variants, where all that counts is that a row runs. */
const SHORT = ["by-hand", "granary"];
const SHORT_VARIANTS = 2;

/** One run: where, with what, and how long. */
export class Bench {
  #options;
  #where;

  constructor(options, where) {
    this.#options = options;
    this.#where = where;
  }

  /** @param options what `run.mjs` takes */
  static async on(options) {
    const ask = promisify(execFile);
    const { stdout: node } = await ask(options.node, ["--version"]);
    const { stdout: redis } = await ask("redis-server", ["--version"]);
    const [{ model }] = cpus();
    const where = {
      date: new Date().toISOString().slice(0, 10),
      node: node.trim(),
      redis: /v=([\d.]+)/.exec(redis)[1],
      machine: `${cpus().length} × ${model.trim()}`,
    };
    return new Bench(options, where);
  }

  get heading() {
    const { node, redis, machine, date } = this.#where;
    return `Node ${node}, Redis ${redis}, ${machine}, ${date}`;
  }

  /** Measures the row of that name: what it says of itself, and the run with its records. */
  async run(name) {
    const { row, measure = measureTimed } = await import(`../rows/${name}.mjs`);
    const { short } = this.#options;
    const participants = this.#participantsOf(row);
    const server = row.redis ? await redisServer() : undefined;
    const apart = row.redis && measure === measureTimed;
    if (apart) await server.setApart();
    try {
      const records = await measure({
        participants,
        floor: row.floor,
        short,
        rounds: this.#roundsOf(row),
        start: (participant, more = {}) =>
          this.#start(
            { name, apart, ...participant, ...more },
            server && `${server.url}/${1 + participants.indexOf(participant)}`,
          ),
        failed: ({ variant = "", column = "" }, error) => console.error(`${variant} ${column} ${error.message}`),
      });
      const versions = await versionsOf(participants.map(({ subject }) => subject));
      return { row, run: { row: name, ...this.#where, versions, records: records.map(recorded) } };
    } finally {
      await server?.stop();
    }
  }

  #roundsOf({ redis = false }) {
    const { short, rounds } = this.#options;
    if (short) return { counted: 1, warmUp: 0 };
    return { counted: Number(rounds) * (redis ? MORE_ROUNDS : 1), warmUp: WARM_UP };
  }

  /** Each subject of the row, and each variant of it. */
  #participantsOf({ subjects, variants = {}, floor }) {
    const { only, short } = this.#options;
    const wanted = only?.split(",") ?? (short ? subjects.filter((subject) => SHORT.includes(subject)) : subjects);
    const taken = subjects.includes(floor) ? new Set([floor, ...wanted]) : wanted;
    const variantsOf = (subject) => (variants[subject] ?? [undefined]).slice(0, short ? SHORT_VARIANTS : undefined);
    return [...taken].flatMap((subject) => variantsOf(subject).map((variant) => ({ subject, variant })));
  }

  #start({ name, subject, flags, quiet, apart, ...more }, url) {
    const context = { short: this.#options.short, url, ...more };
    return startChild({ row: name, subject, context, node: this.#options.node, flags, quiet, apart });
  }
}

/** Four digits are more than any figure is good for. */
const round = (values) => values?.map((value) => Number(value.toPrecision(4)));

function recorded({ value, ratio, ...record }) {
  return { ...record, value: round(value), ratio: round(ratio) };
}
