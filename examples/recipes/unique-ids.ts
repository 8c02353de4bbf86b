/** Ids that nobody else gets: numbers from sequential nodes, or 64 bits made without asking. */
import { connect, parseSnowflake, Snowflake, UniqueIds, WorkerId } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const orders = new UniqueIds(client, '/examples/ids', { block: 100 });
const elsewhere = new UniqueIds(other, '/examples/ids', { block: 100 });
const numbers = new Set([await orders.next(), await elsewhere.next(), await orders.next()]);
console.log(`${numbers.size} numbers`);

await using here = await Snowflake.start(client, '/examples/snowflakes');
await using there = await Snowflake.start(other, '/examples/snowflakes');
const ids = [here.next(), there.next(), here.next()];
const workers = new Set(ids.map((id) => parseSnowflake(id).worker));
console.log(`${new Set(ids).size} ids of ${workers.size} workers`);

// The number alone: a lease on being number 0, 1, 2 or 3.
await using worker = await WorkerId.lease(client, '/examples/workers', { max: 4 });
console.log(`a worker below 4: ${worker.number < 4}`);

// Prints:
//   3 numbers
//   3 ids of 2 workers
//   a worker below 4: true
