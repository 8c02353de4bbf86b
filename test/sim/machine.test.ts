import { expect, test } from 'vitest';
import { withSeed } from '../kit/seed.ts';
import { Agenda } from './agenda.ts';
import { Machine } from './machine.ts';

// A clock that has drifted counts in fractions: the timer for a deadline may come a rounding error before it, and what is left then is too
// little to be added to the time.
test('a deadline is reached, however its timers are rounded', () =>
  withSeed('test/sim/machine.test.ts', (rng) => {
    for (let run = 0; run < 10_000; run++) {
      const agenda = new Agenda(rng.below(10_000));
      const machine = new Machine(agenda, { turnEnded() {}, powerLost() {} });
      machine.begin(() => {});
      machine.drift(0.95 + rng.below(11) / 100);
      agenda.at(agenda.nowMs + rng.below(1_000), () => {});
      agenda.step();
      machine.drift(1);
      agenda.at(agenda.nowMs + rng.below(1_000) / 10, () => {});
      agenda.step();
      const deadlineMs = machine.monotonicMs() + rng.below(3_000) / 10;
      agenda.at(agenda.nowMs + rng.below(1_000) / 10, () => {});
      agenda.step();
      const arm = (): void => {
        const leftMs = deadlineMs - machine.monotonicMs();
        if (leftMs > 0) machine.after(leftMs, arm);
      };
      arm();
      let steps = 0;
      while (agenda.step()) expect(++steps).toBeLessThan(10);
      expect(machine.monotonicMs()).toBeGreaterThanOrEqual(deadlineMs);
    }
  }));
