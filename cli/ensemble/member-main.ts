/** One server of `zookit dev --servers`: `zookit server` on the zoo.cfg that is its argument, which ends with its parent. */
import { runServer } from '../server.ts';

// However the parent ended: nobody would ever stop this server.
process.on('disconnect', () => process.exit(0));
// It may have ended while this was being loaded.
if (!process.connected) process.exit(0);
// A terminal tells the whole group of Ctrl-C; the parent stops its servers in order.
process.on('SIGINT', () => {});
await runServer(process.argv[2] ?? '', ['SIGTERM']);
