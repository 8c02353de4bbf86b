import { expect, test } from 'vitest';
import { Fifo } from '../../core/fifo.ts';
import { withSeed } from '../kit/seed.ts';

test('behaves as an array does, whatever is pushed and taken', async () => {
  await withSeed('test/core/fifo.test.ts', (rng) => {
    const [fifo, array] = [new Fifo<number>(), [] as number[]];
    let next = 0;
    for (let round = 0; round < 200; round++) {
      for (let count = rng.below(150); count > 0; count--) {
        fifo.push(next);
        array.push(next++);
      }
      for (let count = rng.below(200); count > 0; count--) expect(fifo.shift()).toBe(array.shift());
      expect([fifo.length, fifo.head]).toEqual([array.length, array[0]]);
      expect([...fifo]).toEqual(array);
    }
  });
});

test('an iteration is not disturbed by what is taken meanwhile', () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 200; i++) fifo.push(i);
  const seen: number[] = [];
  for (const item of fifo) {
    seen.push(item);
    fifo.shift();
  }
  expect(seen).toHaveLength(200);
  expect(fifo.shift()).toBeUndefined();
});
