import { expect, test } from 'vitest';
import { CloseError, Scope } from '../../../recipes/scope.ts';

/** Something that says when it ends. */
function resource(name: string, log: string[], end: () => Promise<void> = async () => {}): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      log.push(`${name} ends`);
      await end();
    },
  };
}

test('what was started ends in reverse order, each after the other', async () => {
  const log: string[] = [];
  const scope = new Scope();
  await scope.start('client', async () => resource('client', log, async () => void log.push('client ended')));
  scope.own(
    'mutex',
    resource('mutex', log, async () => void log.push('mutex ended')),
  );
  scope.onClose('listener', () => void log.push('listener ends'));
  await Promise.all([scope.close(), scope.close()]);
  expect(log).toEqual(['listener ends', 'mutex ends', 'mutex ended', 'client ends', 'client ended']);
  expect(scope.signal.aborted).toBe(true);
});

test('starts take turns, in the order in which they were asked for', async () => {
  const log: string[] = [];
  const scope = new Scope();
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = scope.start('first', async () => {
    await gate;
    log.push('first');
    return resource('first', log);
  });
  const second = scope.start('second', async () => {
    log.push('second');
    return resource('second', log);
  });
  open();
  await Promise.all([first, second]);
  expect(log).toEqual(['first', 'second']);
});

test('what is still starting when the scope closes is ended too, and nothing starts after it', async () => {
  const log: string[] = [];
  const scope = new Scope();
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let begun = (): void => {};
  const beginning = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const slow = scope.start('slow', async () => {
    begun();
    await gate;
    return resource('slow', log);
  });
  const late = scope.start('late', async () => {
    log.push('late');
    return resource('late', log);
  });
  await beginning;
  const closed = scope.close();
  open();
  await expect(slow).rejects.toThrow('the scope is closed');
  await expect(late).rejects.toThrow('the scope is closed');
  await closed;
  expect(log).toEqual(['slow ends']);
  expect(() => scope.own('more', resource('more', log))).toThrow('the scope is closed');
});

test('what fails to start owns nothing, and what follows starts all the same', async () => {
  const log: string[] = [];
  const scope = new Scope();
  await expect(scope.start('broken', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await scope.start('sound', async () => resource('sound', log));
  await scope.close();
  expect(log).toEqual(['sound ends']);
});

test('what does not end keeps nothing else from ending, and is named', async () => {
  const log: string[] = [];
  const scope = new Scope();
  scope.own('client', resource('client', log));
  scope.own(
    'latch',
    resource('latch', log, () => Promise.reject(new Error('stuck'))),
  );
  scope.own('queue', resource('queue', log));
  const error = await scope.close().then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(log).toEqual(['queue ends', 'latch ends', 'client ends']);
  expect(error).toBeInstanceOf(CloseError);
  expect((error as CloseError).message).toBe('not closed: latch: stuck [CloseFailed]');
  expect([...(error as CloseError).failures.keys()]).toEqual(['latch']);
});
