/** A function that is called while its process leads; who has led goes to the end of the line. */
import { EventEmitter, once } from 'node:events';
import { connect, LeaderSelector } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const terms = new EventEmitter();
const firstLeads = once(terms, 'first');
const secondLeads = once(terms, 'second');

await using first = await LeaderSelector.start(client, '/examples/selector', {
  takeLeadership: async ({ signal }) => {
    console.log('the first leads');
    terms.emit('first');
    // Until it is told to stop, or its leadership is lost.
    if (!signal.aborted) await once(signal, 'abort');
    console.log('the first has stopped');
  },
});
await using _second = await LeaderSelector.start(other, '/examples/selector', {
  takeLeadership: () => {
    console.log('the second leads');
    terms.emit('second');
  },
});
await firstLeads;
first.interrupt();
await secondLeads;

// Prints:
//   the first leads
//   the first has stopped
//   the second leads
