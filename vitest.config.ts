import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/kit/long-first.ts';

/** One file more than there are processors: most of them wait for something now and then, for a process or the end of a session. */
const FILES_AT_A_TIME = availableParallelism() + 1;

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/containers/**'],
          globalSetup: ['test/kit/builds.ts'],
          maxWorkers: FILES_AT_A_TIME,
          sequence: { groupOrder: 0 },
          testTimeout: 60_000,
          // Some compile the package before their first test.
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          globalSetup: ['test/kit/builds.ts', 'test/kit/java-programs.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          // Their Java machines compile and collect garbage on threads of their own.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'containers',
          include: ['test/containers/**/*.test.ts'],
          // Nothing runs beside the tests that could go on when they end: containers are removed by their own test.
          env: { TESTCONTAINERS_RYUK_DISABLED: 'true' },
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
