/** Work that all of several processes do, or none. */
import { connect, ThreePhaseCommit, TwoPhaseCommit } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

interface Order {
  readonly pieces: number;
}

const handlers = (id: string, mayPrepare: (order: Order) => boolean) => ({
  id,
  prepare: ({ payload }: { readonly payload: Order }) => {
    if (!mayPrepare(payload)) throw new Error(`${id} cannot do that`);
  },
  commit: () => {},
  rollback: () => {},
});
const stock = handlers('stock', ({ pieces }) => pieces <= 10);
const billing = handlers('billing', () => true);
const participants = ['stock', 'billing'];

await using orders = await TwoPhaseCommit.start<Order>(client, '/examples/2pc', { participant: stock });
await using _bills = await TwoPhaseCommit.start<Order>(other, '/examples/2pc', { participant: billing });
for (const pieces of [2, 20]) {
  const { decision, reason } = await orders.run({ pieces }, { participants });
  console.log(`${pieces} pieces: ${decision}${reason === null ? '' : `, ${reason}`}`);
}

// The same in three phases: everybody knows that all have voted yes before anybody commits.
await using careful = await ThreePhaseCommit.start<Order>(client, '/examples/3pc', { participant: stock });
await using _too = await ThreePhaseCommit.start<Order>(other, '/examples/3pc', { participant: billing });
console.log((await careful.run({ pieces: 3 }, { participants, waitFor: 'everybody' })).decision);

// Prints:
//   2 pieces: commit
//   20 pieces: rollback, stock voted no: stock cannot do that
//   commit
