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
const exists: Step = { do: 'request', session: 0, type: 3, body: { path: '/acl/1', watch: false } };

test('an allowed difference covers what it names and nothing beside it', () => {
  const left = reply({ body: { stat: {} } });
  const right = reply({ err: -102 });
  expect(allowancesFor(exists, left, right)?.map(({ id }) => id)).toEqual(['exists-needs-read']);
  const event = { type: 1, state: 3, path: '/acl/1' };
  expect(allowancesFor(exists, left, { ...right, events: [event] })).toBeNull();
  expect(allowancesFor(exists, left, reply({ err: -101 }))).toBeNull();
  expect(allowancesFor({ ...exists, body: { path: '/a', watch: false } }, left, right)).toBeNull();
  expect(allowancesFor({ ...exists, type: 4 }, left, right)).toBeNull();
});

test('in a burst each reply is judged by its own request', () => {
  const requests = [exists, { ...exists, body: { path: '/a', watch: false } }] as const;
  const burst: Step = { do: 'burst', session: 0, requests };
  const ok = { err: 0, body: {}, isNewZxid: false };
  const refused = { err: -102, body: undefined, isNewZxid: false };
  const answer = (...stream: (typeof ok | typeof refused)[]): Answer => ({
    outcome: 'reply',
    events: [],
    stream,
  });
  expect(allowancesFor(burst, answer(ok, ok), answer(refused, ok))?.length).toBe(1);
  expect(allowancesFor(burst, answer(ok, ok), answer(ok, refused))).toBeNull();
  expect(allowancesFor(burst, answer(ok, ok), answer(ok))).toBeNull();
});
