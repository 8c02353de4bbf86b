/** A double as Java prints it: always with a fraction. At most four decimals, as ZooKeeper rounds its averages. */
export function formatAverage(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000;
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}

/** A number without its fraction, as ZooKeeper prints counts and milliseconds. */
export function formatWhole(value: number): string {
  return String(Math.floor(value));
}

/** Java's hexadecimal text of a long: two's complement for what is negative. */
export function formatHex(value: number | bigint): string {
  return BigInt.asUintN(64, BigInt(value)).toString(16);
}

const weekdays = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_SECONDS = 86_400;

/** `Sun Nov 22 11:00:35 UTC 2026`: what Java's Date prints in UTC, for milliseconds since 1970. */
export function formatDate(wallMs: number): string {
  const seconds = Math.floor(wallMs / 1000);
  const days = Math.floor(seconds / DAY_SECONDS);
  const ofDay = seconds - days * DAY_SECONDS;
  const { year, month, day } = civilDate(days);
  const clock = [ofDay / 3600, (ofDay / 60) % 60, ofDay % 60].map(twoDigits).join(':');
  const weekday = weekdays[((days % 7) + 7) % 7];
  return `${weekday} ${months[month - 1]} ${twoDigits(day)} ${clock} UTC ${year}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/**
 * The Gregorian date of a day counted from 1 January 1970. Years are counted from 1 March, so that the leap day comes last in
 * its year and a month's first day is a linear function of its number.
 */
function civilDate(days: number): { year: number; month: number; day: number } {
  const fromMarch0000 = days + 719_468;
  const era = Math.floor(fromMarch0000 / 146_097);
  const dayOfEra = fromMarch0000 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}
