const { toISOString } = Date.prototype;

const DAY_MS = 86_400_000;
/** The years that are written with four digits. */
const EARLIEST = Date.UTC(1000, 0);
const LATEST = Date.UTC(10_000, 0) - 1;

const DAYS_IN_400_YEARS = 146_097;
/** From March 1st of the year 0, where the count below begins, to 1970. */
const DAYS_BEFORE_1970 = 719_468;

const [DASH, POINT, DIGIT_ZERO, COLON, T, Z] = [45, 46, 48, 58, 84, 90];

/** What `date.toISOString()` gives, in a fifth of its time. */
export function isoDate(date: Date): string {
  const at = date.getTime();
  const isUsual = at >= EARLIEST && at <= LATEST && date.toISOString === toISOString;
  if (!isUsual) return date.toISOString();
  const days = Math.floor(at / DAY_MS);
  return textOf(dateDigits(days), timeDigits(at - days * DAY_MS));
}

// Below, `| 0` drops the fraction, and tells the compiler that what is left is a small integer.

/**
 * The date as a number of eight digits, such as 20231114. Counts in years that begin in March, so that the leap day is
 * a year's last, and in spans of 400 years, which are all of one length. After "chrono-Compatible Low-Level Date
 * Algorithms" by Howard Hinnant.
 */
function dateDigits(daysSince1970: number): number {
  const days = daysSince1970 + DAYS_BEFORE_1970;
  const era = (days / DAYS_IN_400_YEARS) | 0;
  const dayOfEra = days - era * DAYS_IN_400_YEARS;
  const leapDays = ((dayOfEra / 1460) | 0) - ((dayOfEra / 36_524) | 0) + ((dayOfEra / 146_096) | 0);
  const yearOfEra = ((dayOfEra - leapDays) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  // Five months from March on, and again from August, have 153 days.
  const monthFromMarch = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * monthFromMarch + 2) / 5) | 0) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return year * 10_000 + month * 100 + day;
}

/** The time of the day as a number of nine digits, such as 221320000. */
function timeDigits(msOfDay: number): number {
  const seconds = (msOfDay / 1000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  return hours * 10_000_000 + (minutes % 60) * 100_000 + (msOfDay - minutes * 60_000);
}

/** In one piece: a text that is joined from several costs more to make, and again to read. */
function textOf(date: number, time: number): string {
  return String.fromCharCode(
    digit(date, 10_000_000),
    digit(date, 1_000_000),
    digit(date, 100_000),
    digit(date, 10_000),
    DASH,
    digit(date, 1000),
    digit(date, 100),
    DASH,
    digit(date, 10),
    digit(date, 1),
    T,
    digit(time, 100_000_000),
    digit(time, 10_000_000),
    COLON,
    digit(time, 1_000_000),
    digit(time, 100_000),
    COLON,
    digit(time, 10_000),
    digit(time, 1000),
    POINT,
    digit(time, 100),
    digit(time, 10),
    digit(time, 1),
    Z,
  );
}

function digit(number: number, place: number): number {
  return DIGIT_ZERO + (((number / place) | 0) % 10);
}
