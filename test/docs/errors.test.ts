import { describe, expect, it } from 'vitest';
import { serverError } from '../../client/errors.ts';
import * as client from '../../client/index.ts';
import { CloseError, NotLeaderError } from '../../recipes/di/index.ts';
import * as recipes from '../../recipes/index.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { document, prose } from './markdown.ts';

const context = { operation: 'get', path: '/a' };

/** One error of each class that an operation may end with. */
const errors: readonly (Error & { readonly code: string })[] = [
  ...Object.values(ErrorCode)
    .filter((code) => code !== ErrorCode.Ok)
    .map((code) => serverError(code, context)),
  new client.ClosedError(context, 'unknown'),
  new client.ProtocolError(context, 'unknown'),
  new client.ResponseTooLargeError(context, 'unknown'),
  new client.RequestTooLargeError(context),
  new client.QueueFullError(context),
  new client.CircuitOpenError(context),
  new client.ConnectError('', []),
  new client.MultiError(0, serverError(ErrorCode.NoNode, context)),
  new client.InvalidValueError([{ at: 'a', message: 'expected a number' }]),
  new CloseError(new Map([['latch', new Error('stuck')]])),
  new NotLeaderError('/leaders/a'),
  new recipes.WaitTimeoutError('not open', '/barrier', 1),
  new recipes.AcquireTimeoutError('/locks/a', 1),
  new recipes.SequenceExhaustedError('/locks/a'),
  new recipes.NoInstanceError('cart', 2, '2 marked down'),
  new recipes.ServiceCallError('cart', [{ id: 'a', error: new Error('refused') }]),
  new recipes.UnknownVersionError('/config/a', 1, [3, 2]),
  new recipes.LeaseEndedError('/locks/a', 'deleted'),
  new recipes.PartRevokedError('a'),
  new recipes.FencedOutError('orders', 1, 2),
  new recipes.LockUpgradeError('/locks/a'),
  new recipes.ElectionClosedError('/leaders/a'),
  new recipes.OutcomeUnknownError('/transactions', 'id'),
  new recipes.ItemInDoubtError('/queues/a/queue-0000000000'),
  new recipes.NoSuchElementError('/queues/a'),
  new recipes.NameTakenError('/names/a'),
  new recipes.NameLostError('/names/a'),
  new recipes.IdsUnavailableError('/ids', 'no-worker'),
];

/** Class and code of each row of the tables. */
const documented = new Map(
  [...prose(document('docs/errors.md')).matchAll(/^\| `(\w+Error)` *\| (.+?) *\|/gm)].map(
    ([, name, code]) => [name!, code!] as const,
  ),
);

/** Classes that stand for no error of their own. */
const BASES = ['ZooKeeperError', 'UnansweredError'];

function exportedErrorClasses(): string[] {
  return Object.entries({ ...client, ...recipes, CloseError, NotLeaderError })
    .filter(([, value]) => typeof value === 'function' && value.prototype instanceof Error)
    .map(([name]) => name)
    .filter((name) => !BASES.includes(name));
}

describe('docs/errors.md', () => {
  it('lists the classes that there are', () => {
    expect([...documented.keys()].sort()).toEqual(exportedErrorClasses().sort());
  });

  it('is checked with an error of each class', () => {
    const made = new Set(errors.map((error) => error.constructor.name));
    expect([...made].sort()).toEqual(exportedErrorClasses().sort());
  });

  it.each(errors.filter((error) => error.constructor !== client.ServerError))(
    '$name has the code $code',
    (error) => {
      expect(documented.get(error.constructor.name)).toBe(`\`${error.code}\``);
    },
  );
});
