import { expect, it } from 'vitest';
import { serverError } from '../../client/errors.ts';
import { ErrorCode } from '../../wire/errors.ts';

it('an error names operation and path also when its context has them as getters', () => {
  class Context {
    get operation(): string {
      return 'set';
    }
    get path(): string {
      return '/a';
    }
  }
  const error = serverError(ErrorCode.BadVersion, new Context(), 7);
  expect(error).toMatchObject({ code: 'BadVersion', operation: 'set', path: '/a', expected: 7 });
  expect(error.message).toContain('set /a: ');
  expect(error.message).toContain('expected version 7');
});
