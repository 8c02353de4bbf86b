import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { readable } from '../../client/tcp.ts';

test('an error about several addresses of a name says what was wrong with each', async () => {
  const error = await new Promise<Error>((resolve) => {
    const socket = connect({
      host: 'two.addresses',
      port: 1,
      autoSelectFamily: true,
      lookup: (_host, _options, done) =>
        done(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '::1', family: 6 },
        ]),
    });
    socket.on('error', resolve);
  });
  expect(error).toBeInstanceOf(AggregateError);
  expect(error.message).toBe('');
  expect(readable(error).message).toMatch(/127\.0\.0\.1:1, .*::1/);
  expect(readable(error).cause).toBe(error);
  const plain = new Error('as it is');
  expect(readable(plain)).toBe(plain);
});
