/** A job that runs on exactly one of many processes whenever it is due. */
import { connect, ScheduledLeaderTask } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const runs: number[] = [];
let enough: () => void = () => {};
const done = new Promise<void>((resolve) => {
  enough = resolve;
});

const options = {
  schedule: { everyMs: 100 },
  run: ({ dueMs }: { readonly dueMs: number }) => {
    if (runs.push(dueMs) === 3) enough();
  },
};
await using first = await ScheduledLeaderTask.start(client, '/examples/task', options);
await using _second = await ScheduledLeaderTask.start(other, '/examples/task', options);
await done;
console.log(`3 runs, of ${new Set(runs.slice(0, 3)).size} times that were due`);
console.log(`recorded: ${(await first.lastRun()) !== null}`);

// Prints:
//   3 runs, of 3 times that were due
//   recorded: true
