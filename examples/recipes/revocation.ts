/** A lock that its holder gives back when somebody asks for it. */
import { connect, InterProcessMutex, revoke } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const cleaning = await new InterProcessMutex(client, '/examples/revocation').acquire({
  onRevoke: (lease) => {
    console.log('asked to stop cleaning');
    void lease.release();
  },
});
const backup = new InterProcessMutex(other, '/examples/revocation');
const { holder } = await backup.inspect();
if (holder !== null) await revoke(other, holder.path);
await using _lease = await backup.acquire({ timeoutMs: 10_000 });
console.log(`backup runs, cleaning ${cleaning.held ? 'holds the lock' : 'has ended'}`);

// Prints:
//   asked to stop cleaning
//   backup runs, cleaning has ended
