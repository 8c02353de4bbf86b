import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { OurServer } from '../kit/our-server.ts';
import { Child, eventually } from '../kit/processes.ts';
import { tempDirectory } from '../kit/temp.ts';

const ZK_CLI = '/usr/share/zookeeper/bin/zkCli.sh';

/** What an operator types, and something that must be in the answer. */
const session: readonly (readonly [command: string, answer: RegExp])[] = [
  ['create /cli first', /Created \/cli/],
  ['create /cli again', /Node already exists: \/cli/],
  ['create /nowhere/a x', /Node does not exist: \/nowhere\/a/],
  ['get /cli', /^first$/m],
  ['get -s /cli', /dataLength = 5/],
  ['set -s /cli second', /dataVersion = 1/],
  ['set -v 7 /cli third', /version No is not valid/],
  ['set -v 1 /cli third', /^$/m],
  ['create -e /cli/e ephemeral', /Created \/cli\/e/],
  ['create -s /cli/s- x', /Created \/cli\/s-0000000001/],
  ['create -s -e /cli/se- x', /Created \/cli\/se-0000000002/],
  ['create -c /cli/container x', /Created \/cli\/container/],
  ['create -t 3600000 /cli/ttl x', /Created \/cli\/ttl/],
  ['create -e /cli/e/below x', /Ephemerals cannot have children: \/cli\/e/],
  ['create /cli/empty', /Created \/cli\/empty/],
  ['get /cli/empty', /^null$/m],
  ['ls /cli', /\[container, e, empty, s-0000000001, se-0000000002, ttl\]/],
  ['ls -s /cli', /numChildren = 6/],
  ['ls -R /cli', /\/cli\/container/],
  ['stat /cli', /cversion = 6/],
  ['getAllChildrenNumber /cli', /^6$/m],
  ['getEphemerals /cli', /\[\/cli\/e, \/cli\/se-0000000002\]|\[\/cli\/se-0000000002, \/cli\/e\]/],
  ['getAcl /cli', /'world,'anyone/],
  ['addauth digest operator:secret', /^$/m],
  ['whoami', /operator/],
  ['create /cli/private x auth::cdrwa', /Created/],
  ['getAcl -s /cli/private', /'digest,'operator:.*=/],
  ['setAcl /cli/private world:anyone:r,digest:nocolon:r', /Acl is not valid/],
  ['setAcl -s /cli/private world:anyone:r', /aclVersion = 1/],
  ['set /cli/private y', /Insufficient permission : \/cli\/private/],
  ['setquota -n 5 /cli/empty', /^$/m],
  ['listquota /cli/empty', /count=5/],
  ['delquota /cli/empty', /^$/m],
  ['addWatch -m PERSISTENT_RECURSIVE /cli', /^$/m],
  ['create /cli/watched x', /type:NodeCreated path:\/cli\/watched/],
  ['set /cli/watched y', /type:NodeDataChanged path:\/cli\/watched/],
  ['delete /cli/watched', /type:NodeDeleted path:\/cli\/watched/],
  ['removewatches /cli', /type:PersistentWatchRemoved path:\/cli/],
  ['get -w /cli/empty', /^null$/m],
  ['set /cli/empty full', /type:NodeDataChanged path:\/cli\/empty/],
  ['sync /cli', /Sync is OK/],
  ['delete -v 5 /cli/empty', /version No is not valid/],
  ['delete /cli', /Node not empty: \/cli/],
  ['delete /zookeeper', /Arguments are not valid|BadArguments/],
  ['config', /^$/m],
  ['deleteall /cli', /^$/m],
  ['ls /', /\[zookeeper\]/],
  ['get /cli', /Node does not exist: \/cli/],
];

/** An answer without what two runs may differ in: prompts, clocks, session ids and the address. Events come at any point of it. */
function comparable(said: string): string[] {
  return said
    .replace(/\[zk: [^\]]*\] ?/g, '\n')
    .split('\n')
    .map((line) => line.replace(/^([cm]time) = .*/, '$1 = ...').trim())
    .filter((line) => line !== '')
    .sort();
}

/** What is said to each command. */
async function typeAll(hosts: string): Promise<Record<string, string[]>> {
  await using child = new Child(ZK_CLI, ['-server', hosts]);
  await child.waitFor(/CONNECTED|SyncConnected/);
  const answers: Record<string, string[]> = {};
  for (const [at, [command, answer]] of session.entries()) {
    const before = child.output.length;
    const said = (): string => child.output.slice(before);
    child.process.stdin?.write(`${command}\nls /mark_${at}\n`);
    // The complaint about a node that is not there ends the answer to the command before; events come from another thread.
    const end = `Node does not exist: /mark_${at}`;
    await eventually(
      `${command}: ${answer} and the end of the answer`,
      () => answer.test(said()) && said().includes(end),
    ).catch((late: Error) => {
      throw new Error(`${late.message}, but\n${said()}`);
    });
    answers[`${at} ${command}`] = comparable(said());
  }
  child.process.stdin?.end('quit\n');
  await child.exited;
  return answers;
}

describe.skipIf(javaZooKeeper() === null || !existsSync(ZK_CLI))('zkCli.sh', () => {
  let built: BuiltPackage;
  beforeAll(() => {
    built = buildPackage();
  });
  afterAll(() => built[Symbol.dispose]());

  test('an operator sees the same on Apache ZooKeeper and on zookit', async () => {
    await using java = await JavaServer.start();
    await using home = await tempDirectory('zookit-zkcli-');
    await using ours = await OurServer.start({ main: built.main, directory: home.path });
    const expected = await typeAll(`127.0.0.1:${java.port}`);
    const actual = await typeAll(`127.0.0.1:${ours.port}`);
    expect(actual).toEqual(expected);
  });
});
