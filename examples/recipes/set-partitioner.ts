/** A set of items divided among the members that are there, each in one hand at a time. */
import { connect, type Part, SetPartitioner } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const shards = ['shard-0', 'shard-1', 'shard-2', 'shard-3'];
const work = ({ signal }: Part): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

const first = await SetPartitioner.start(client, '/examples/shards', shards, {
  id: 'first',
  work,
  settleMs: 50,
});
await first.acquired();
console.log(`alone: ${first.parts.length}`);

const second = await SetPartitioner.start(other, '/examples/shards', shards, {
  id: 'second',
  work,
  settleMs: 50,
});
const full = (member: SetPartitioner, count: number): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (member.parts.length === count) resolve();
    };
    member.onChange(look);
    look();
  });
await Promise.all([full(first, 2), full(second, 2)]);
console.log(`two: ${first.parts.length} and ${second.parts.length}`);
await first.close();
await full(second, 4);
console.log(`alone again: ${second.parts.length}`);
await second.close();

// Prints:
//   alone: 4
//   two: 2 and 2
//   alone again: 4
