import { Cron } from 'croner';

/** When a job is due. */
export type Schedule =
  | {
      /** Milliseconds from one run to the next, a positive integer, counted from 1970: everybody comes to the same times. */
      readonly everyMs: number;
      /** Moves all of them by so many milliseconds. Default 0. */
      readonly offsetMs?: number | undefined;
    }
  | {
      /** A cron expression of five fields (minute, hour, day of month, month, day of week) or six (seconds before them). */
      readonly cron: string;
      /** The time zone that it is meant in, as `Europe/Berlin`. Default UTC. */
      readonly timezone?: string | undefined;
    };

/** The times at which a job is due, in milliseconds since 1970. A function of the schedule alone: it looks at no clock. */
export interface DueTimes {
  /** The first one after a moment, null if there is none. */
  after(ms: number): number | null;
  /** The last one that is not after a moment, null if there is none. */
  upTo(ms: number): number | null;
}

/** Throws `TypeError` or `RangeError` for a schedule that is none. */
export function dueTimes(schedule: Schedule): DueTimes {
  if ('cron' in schedule) return cronTimes(schedule.cron, schedule.timezone ?? 'UTC');
  const { everyMs, offsetMs = 0 } = schedule;
  if (!Number.isSafeInteger(everyMs) || everyMs <= 0) {
    throw new RangeError(`everyMs must be a positive integer, not ${String(everyMs)}`);
  }
  if (!Number.isSafeInteger(offsetMs)) {
    throw new RangeError(`offsetMs must be an integer, not ${String(offsetMs)}`);
  }
  const upTo = (ms: number): number => Math.floor((ms - offsetMs) / everyMs) * everyMs + offsetMs;
  return { upTo, after: (ms) => upTo(ms) + everyMs };
}

function cronTimes(expression: string, timezone: string): DueTimes {
  let cron: Cron;
  try {
    // Without a function it starts no timer.
    cron = new Cron(expression, { timezone, mode: '5-or-6-parts' });
    cron.nextRun(new Date(0));
  } catch (cause) {
    const what = `schedule: cron ${JSON.stringify(expression)} in ${timezone}`;
    throw new TypeError(`${what}: ${(cause as Error).message}`, { cause });
  }
  return {
    after: (ms) => cron.nextRun(new Date(ms))?.getTime() ?? null,
    // What is asked for are the runs before a moment.
    upTo: (ms) => cron.previousRuns(1, new Date(ms + 1))[0]?.getTime() ?? null,
  };
}
