import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { EnsembleConfig } from '../../core/config.ts';
import { formatServerLine } from '../../wire/server-line.ts';
import { ElectionMember, loopbackEnsemble } from '../kit/election-member.ts';
import { javaZooKeeper } from '../kit/java.ts';
import { Child, freePort } from '../kit/processes.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';

const classPath = javaZooKeeper();
/** What they decide is only in their log. */
const canRead = classPath?.includes('slf4j-simple') ?? false;

/** One Apache ZooKeeper of an ensemble, which need not ever serve; its log tells what it decides. */
async function startJava(id: number, ensemble: EnsembleConfig, temp: TempDirectory): Promise<Child> {
  const dataDir = temp.at(`java-${id}`);
  await mkdir(dataDir, { recursive: true });
  await writeFile(`${dataDir}/myid`, `${id}\n`);
  const lines = [
    'tickTime=500',
    'initLimit=20',
    'syncLimit=10',
    `dataDir=${dataDir}`,
    `clientPort=${await freePort()}`,
    'clientPortAddress=127.0.0.1',
    'admin.enableServer=false',
    ...ensemble.servers.map((server) => `server.${server.id}=${formatServerLine(server)}`),
  ];
  const config = temp.at(`zoo-${id}.cfg`);
  await writeFile(config, `${lines.join('\n')}\n`);
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  const properties = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=info', '-Dzookeeper.preAllocSize=64'];
  return new Child('java', ['-Xmx256m', ...properties, '-cp', classPath!, main, config]);
}

const TOOK_THE_LEAD = /LEADING - LEADER ELECTION TOOK/;
const FOLLOWS = /FOLLOWING - LEADER ELECTION TOOK/;
const nothing = { lastZxid: 0, currentEpoch: 0 };

describe.skipIf(!canRead)('elections with Apache ZooKeeper', () => {
  test('two of them elect, and a third voter and an observer of ours learn who leads', async () => {
    await using temp = await tempDirectory('zookit-election-');
    const ensemble = await loopbackEnsemble(3, 1);
    await using one = await startJava(1, ensemble, temp);
    await using two = await startJava(2, ensemble, temp);
    await one.waitFor(FOLLOWS);
    await two.waitFor(TOOK_THE_LEAD);
    // The epoch of their votes moves on when the leader has synchronised its follower.
    await two.waitFor(/Have quorum of supporters/);
    await using three = await ElectionMember.start(3, ensemble);
    three.begin(nothing);
    expect(await three.decision()).toBe('following 2');
    await using four = await ElectionMember.start(4, ensemble);
    four.begin(nothing);
    expect(await four.decision()).toBe('observing 2');
    expect(three.election.vote.peerEpoch).toBe(four.election.vote.peerEpoch);

    // The leader dies: the one that is left and ours elect the one with more history, which is theirs.
    await two.stop('SIGKILL');
    three.begin(nothing);
    expect(await three.decision()).toBe('following 1');
    await one.waitFor(TOOK_THE_LEAD);
  });

  test('one of them follows ours, for which it votes', async () => {
    await using temp = await tempDirectory('zookit-election-');
    const ensemble = await loopbackEnsemble(3);
    await using three = await ElectionMember.start(3, ensemble);
    three.begin({ lastZxid: 5, currentEpoch: 0 });
    await using one = await startJava(1, ensemble, temp);
    expect(await three.decision()).toBe('leading 3');
    await one.waitFor(FOLLOWS);
    expect(three.election.vote).toMatchObject({ leader: 3, zxid: 5 });
  });

  test('one of them leads with the vote of ours, whichever id is the larger', async () => {
    for (const [java, ours] of [
      [3, 1],
      [1, 3],
    ] as const) {
      await using temp = await tempDirectory('zookit-election-');
      const ensemble = await loopbackEnsemble(3);
      await using member = await ElectionMember.start(ours, ensemble);
      // Less than a server that is new: it votes, and nobody votes for it.
      member.begin({ lastZxid: 0, currentEpoch: -1 });
      await using child = await startJava(java, ensemble, temp);
      expect(await member.decision()).toBe(`following ${java}`);
      await child.waitFor(TOOK_THE_LEAD);
    }
  });
});
