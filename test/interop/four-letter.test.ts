import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { nodePorts } from '../../client/tcp.ts';
import { TestServer } from '../../testing/index.ts';
import { type FourLetterWord, fourLetterWords } from '../../wire/four-letter.ts';
import { fourLetterWord } from '../kit/four-letter.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';

interface Side {
  readonly port: number;
  readonly clients: readonly ZooKeeperClient[];
}

const SESSION_TIMEOUT_MS_MAX = 600_000;

/** Without a clock the clients never ping, so that both servers count the same whenever they are asked. */
const ports = { ...nodePorts, after: () => () => {} };

/** The same things done to a server: two sessions, nodes of every lifetime, watches of every kind. */
async function prepare(port: number): Promise<Side> {
  const first = await connect(`127.0.0.1:${port}`, { ports, sessionTimeoutMs: 300_000 });
  await first.create('/a');
  await first.create('/a/e', 'x', { mode: 'ephemeral' });
  await first.create('/a/f', 'x', { mode: 'ephemeral' });
  const second = await connect(`127.0.0.1:${port}`, { ports, sessionTimeoutMs: SESSION_TIMEOUT_MS_MAX });
  await second.create('/b', 'xyz', { mode: 'ephemeral' });
  const watch = () => {};
  await first.get('/a', { watch });
  await second.get('/a', { watch });
  await second.children('/a', { watch });
  await second.exists('/none', { watch });
  return { port, clients: [first, second] };
}

/** Takes out what must differ between two servers: names, moments, and sizes of files. */
function masked(text: string, { clients, port }: Side): string {
  let result = text;
  for (const [i, client] of clients.entries()) {
    result = result.replaceAll(`0x${client.sessionId.toString(16)}`, `SESSION${i}`);
  }
  return result
    .replace(/^(Zookeeper version: |zookeeper\.version=).*$/gm, '$1VERSION')
    .replaceAll(`clientPort=${port}`, 'clientPort=PORT')
    .replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replace(/\b(est|lresp|llat|minlat|avglat|maxlat)=\d+/g, '$1=N')
    .replace(/expire at .*:$/gm, 'expire at TIME:')
    .replace(/^Latency min\/avg\/max: \d+\/\d+\.\d+\/\d+$/gm, 'LATENCY')
    .replace(/^(dataDir|dataLogDir)=.*(\/version-2)$/gm, '$1=PATH$2')
    .replace(/^(dataDirSize|dataLogSize)=\d+$/gm, '$1=N')
    .replace(/^(datadir_size|logdir_size): \d+$/gm, '$1: N');
}

/** Lines in a fixed order, for words that list things in whatever order a hash table has. */
function sorted(text: string): string[] {
  return text.split('\n').sort();
}

if (javaZooKeeper() === null) {
  describe.skip('four-letter words', () => it('Apache ZooKeeper is not installed', () => {}));
} else {
  describe('four-letter words, beside those of Apache ZooKeeper', () => {
    let java: JavaServer;
    let own: TestServer;
    let sides: readonly [Side, Side];

    beforeAll(async () => {
      java = await JavaServer.start({ configLines: [`maxSessionTimeout=${SESSION_TIMEOUT_MS_MAX}`] });
      own = await TestServer.start({
        tickTimeMs: 2000,
        config: { minSessionTimeoutMs: 4000, maxSessionTimeoutMs: SESSION_TIMEOUT_MS_MAX },
      });
      sides = [await prepare(java.port), await prepare(own.port)];
    });
    afterAll(async () => {
      for (const { clients } of sides ?? []) for (const client of clients) await client.close();
      await java?.[Symbol.asyncDispose]();
      await own?.close();
    });

    /** What both say to a word, masked. */
    async function both(word: FourLetterWord): Promise<[java: string, own: string]> {
      const [theirs, ours] = await Promise.all(
        sides.map(async (side) => masked(await fourLetterWord(side.port, word), side)),
      );
      return [theirs!, ours!];
    }

    it.each(['ruok', 'isro', 'conf', 'wchs', 'dirs'] as const)('%s is the same', async (word) => {
      const [theirs, ours] = await both(word);
      expect(ours).toBe(theirs);
    });

    it.each(['wchc', 'wchp'] as const)('%s lists the same', async (word) => {
      const [theirs, ours] = await both(word);
      expect(sorted(ours)).toEqual(sorted(theirs));
      expect(ours.endsWith('\n\n')).toBe(theirs.endsWith('\n\n'));
    });

    it('dump lists the same sessions, nodes and connections', async () => {
      const [theirs, ours] = await both('dump');
      const sections = /^(.*dump:|Session Sets.*|Sessions with.*|Connections Sets.*)$/gm;
      const heads = (text: string) =>
        text.match(sections)?.map((line) => line.replace(/Sets \(\d+\)/, 'Sets (N)'));
      expect(heads(ours)).toEqual(heads(theirs));
      // Apache ZooKeeper puts sessions and connections into sets by the tick in which they expire.
      const listed = (text: string) =>
        sorted(text).filter((line) => line.startsWith('\t') || /^SESSION/.test(line));
      expect(listed(ours)).toEqual(listed(theirs));
    });

    it('srvr and stat have the same lines with the same figures', async () => {
      for (const word of ['srvr', 'stat'] as const) {
        const [theirs, ours] = await both(word);
        const figures = (text: string) =>
          text.replace(/^(Received|Sent): \d+$/gm, '$1: N').replace(/\[\d\]\(queued=.*\)/g, '(STATS)');
        expect(figures(ours)).toBe(figures(theirs));
      }
    });

    it('cons has the same fields, and counts the same', async () => {
      const connections = async () => {
        const [theirs, ours] = await both('cons');
        const lines = (text: string) => text.split('\n').filter((line) => line.includes('sid='));
        return [lines(theirs).sort(bySession), lines(ours).sort(bySession)];
      };
      const bySession = (a: string, b: string) =>
        /SESSION\d/.exec(a)![0] < /SESSION\d/.exec(b)![0] ? -1 : 1;
      const [theirs, ours] = await connections();
      expect(ours).toEqual(theirs);
    });

    it('mntr has names of Apache ZooKeeper, in its formats', async () => {
      const [theirs, ours] = await both('mntr');
      const values = (text: string) =>
        new Map(
          text
            .trimEnd()
            .split('\n')
            .map((line) => line.split('\t') as [string, string]),
        );
      const [known, said] = [values(theirs), values(ours)];
      const shape = (value: string | undefined) => value?.replace(/\d+/g, '0').replace(/^(-?0\.0).*/, '$1');
      for (const [name, value] of said) {
        expect(known.has(name), `${name} is no name of Apache ZooKeeper`).toBe(true);
        if (name !== 'zk_version') expect([name, shape(value)]).toEqual([name, shape(known.get(name))]);
      }
      for (const name of [
        ...[
          'zk_server_state',
          'zk_znode_count',
          'zk_watch_count',
          'zk_ephemerals_count',
          'zk_global_sessions',
        ],
        ...[
          'zk_approximate_data_size',
          'zk_num_alive_connections',
          'zk_outstanding_requests',
          'zk_local_sessions',
        ],
      ]) {
        expect([name, said.get(name)]).toEqual([name, known.get(name)]);
      }
    });

    it('envi begins with the version', async () => {
      const [theirs, ours] = await both('envi');
      expect(ours.split('\n').slice(0, 2)).toEqual(theirs.split('\n').slice(0, 2));
      const names = (text: string) =>
        text
          .split('\n')
          .slice(1, -1)
          .map((line) => line.split('=')[0]!);
      const foreign = names(ours).filter((name) => !names(theirs).includes(name));
      expect(foreign).toEqual(['node.version', 'node.home']);
    });

    it('crst and srst say the same and reset the same', async () => {
      for (const word of ['crst', 'srst', 'cons'] as const) {
        const [theirs, ours] = await both(word);
        const lines = (text: string) =>
          sorted(text).filter((line) => !line.includes('[0]') && !line.includes('recved=1,'));
        expect(lines(ours)).toEqual(lines(theirs));
      }
    });

    it('what is not in the whitelist is refused in the same words', async () => {
      await using closed = await TestServer.start({ config: { fourLetterWordWhitelist: [] } });
      await using closedJava = await JavaServer.start({ configLines: ['4lw.commands.whitelist=srvr'] });
      for (const word of fourLetterWords) {
        if (word === 'srvr' || word === 'isro') continue;
        expect([word, await fourLetterWord(closed.port, word)]).toEqual([
          word,
          await fourLetterWord(closedJava.port, word),
        ]);
      }
    });
  });
}
