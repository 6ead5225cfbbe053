import { describe } from "./describe.js";
import { CacheError } from "./errors.js";

type Unit = "ms" | "s" | "m" | "h" | "d" | "w";

/**
 * A span of time: a number of milliseconds, or a string of numbers with units, largest first:
 * `"250ms"`, `"5m"`, `"1h30m"`, `"7d"`. `Infinity` means never.
 */
export type Duration = number | `${number}${Unit}` | `${number}${Unit}${number}${Unit}`;

const UNIT_MS: Readonly<Record<Unit, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** What texts were found to mean: a program writes few. */
const PARSED = new Map<unknown, number>();
const MOST_PARSED = 1_000;

const PART = /(\d+(?:\.\d+)?)(ms|[smhdw])/y;

/**
 * The milliseconds of `duration`.
 * @throws CacheError `INVALID_OPTION`, naming `option`, where it is negative, not a number or not a known unit.
 */
export function parseDuration(duration: Duration, option: string): number {
  const ms = typeof duration === "string" ? (PARSED.get(duration) ?? parseText(duration)) : duration;
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new CacheError(
    "INVALID_OPTION",
    `${option}: ${describe(duration)} is not a duration. Write milliseconds from 0 up, Infinity, or text like "250ms", "5m", "1h30m".`,
  );
}

/** Whether `value` is certain to be a duration, at a glance. */
export function isKnownDuration(value: unknown): boolean {
  return typeof value === "number" ? value >= 0 : PARSED.has(value);
}

function parseText(text: string): number {
  let total = 0;
  let smallestMs = Number.POSITIVE_INFINITY;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    const unitMs = part === null ? undefined : UNIT_MS[part[2] as Unit];
    if (part === null || unitMs === undefined || unitMs >= smallestMs) return Number.NaN;
    total += Number(part[1]) * unitMs;
    smallestMs = unitMs;
  }
  if (text === "") return Number.NaN;
  if (PARSED.size < MOST_PARSED) PARSED.set(text, total);
  return total;
}
