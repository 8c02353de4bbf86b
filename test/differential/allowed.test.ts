import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allowancesFor, allowedDifferences } from './allowed.ts';
import type { Answer } from './answer.ts';
import type { Step } from './step.ts';

const page = readFileSync(new URL('../../docs/divergence.md', import.meta.url), 'utf8');
const headings = [...page.matchAll(/^### `(.+)`$/gm)].map((match) => match[1]);

test('each allowed difference is explained in docs/divergence.md, and each explained id is allowed', () => {
  expect(headings.sort()).toEqual(allowedDifferences.map(({ id }) => id).sort());
});

const reply = (more: Partial<Answer>): Answer => ({
  outcome: 'reply',
  err: 0,
  isNewZxid: false,
  events: [],
  ...more,
});
const check: Step = { do: 'request', session: 0, type: 17, body: { path: '/a', type: 1 } };
const exists: Step = { do: 'request', session: 0, type: 3, body: { path: '/a', watch: false } };

test('an allowed difference covers what it names and nothing beside it', () => {
  const left = reply({});
  const right = reply({ err: -121 });
  expect(allowancesFor(check, left, right)?.map(({ id }) => id)).toEqual(['check-watches-knows-whose']);
  const event = { type: 1, state: 3, path: '/a' };
  expect(allowancesFor(check, left, { ...right, events: [event] })).toBeNull();
  expect(allowancesFor(check, left, reply({ err: -101 }))).toBeNull();
  expect(allowancesFor(exists, left, right)).toBeNull();
  expect(allowancesFor({ ...check, type: 18 }, left, right)).toBeNull();
});

test('in a burst each reply is judged by its own request', () => {
  const requests = [check, exists] as const;
  const burst: Step = { do: 'burst', session: 0, requests };
  const ok = { err: 0, body: {}, isNewZxid: false };
  const refused = { err: -121, body: undefined, isNewZxid: false };
  const answer = (...stream: (typeof ok | typeof refused)[]): Answer => ({
    outcome: 'reply',
    events: [],
    stream,
  });
  expect(allowancesFor(burst, answer(ok, ok), answer(refused, ok))?.length).toBe(1);
  expect(allowancesFor(burst, answer(ok, ok), answer(ok, refused))).toBeNull();
  expect(allowancesFor(burst, answer(ok, ok), answer(ok))).toBeNull();
});
