import { expect, test } from 'vitest';
import { sessionPassword } from '../../wire/password.ts';

// Made with java.util.Random in a JVM.
test.each([
  [0x100000000000001n, '054cc74a37327db215e702e20c73f005'],
  [0x0n, 'f22acd4a97e69d6d20a49bb638eadb38'],
  [0xffffffffffffffffn, '20f62cb5648dc2d771471c8a2486a9ee'],
  [0x8000000000000000n, 'f22acd4a97e69d6d20a49bb638eadb38'],
  [0x7fffffffffffffffn, '20f62cb5648dc2d771471c8a2486a9ee'],
  [0xff00001234567890n, '9da8e91aee547be57a1b12a954f951c0'],
  [0x100001795060000n, '188d99e1c5d4d9b1b66185121667fe35'],
  [0xb3415c00n, '60b420bb3851d9d47acb933dbe70399b'],
  [0x2an, 'c813ee495620c3a68794ef27a239e8a9'],
])('the password of session %s', (sessionId, password) => {
  expect(sessionPassword(BigInt.asIntN(64, sessionId)).toString('hex')).toBe(password);
  expect(sessionPassword(sessionId).toString('hex')).toBe(password);
});
