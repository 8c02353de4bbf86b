import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { adler32 } from '../../core/storage/checksum.ts';
import { SEAL_BYTES } from '../../core/storage/snapshot-format.ts';
import { UniqueIds } from '../../recipes/index.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { tempDirectory } from '../kit/temp.ts';

const DIRECTORY = '/zookeeper';
/** Where the cversion lies behind a node's name without data: length, ACL, two zxids, two times, version. */
const CVERSION_AT = 4 + 8 + 2 * 8 + 2 * 8 + 4;

/** Makes the first snapshot of a server say that a directory has had so many children. */
async function count(dataDir: string, children: number): Promise<void> {
  const file = join(dataDir, 'version-2', 'snapshot.0');
  const bytes = await readFile(file);
  const name = Buffer.concat([Buffer.from([0, 0, 0, DIRECTORY.length]), Buffer.from(DIRECTORY)]);
  const at = bytes.indexOf(name) + name.length;
  expect(bytes.readInt32BE(at)).toBeLessThanOrEqual(0);
  bytes.writeInt32BE(children, at + CVERSION_AT);
  const seal = bytes.length - SEAL_BYTES;
  bytes.writeBigInt64BE(BigInt(adler32(bytes, 0, seal)), seal);
  await writeFile(file, bytes);
}

test.skipIf(javaZooKeeper() === null)(
  'Apache ZooKeeper gives out its last number again and again, and no id is made of it',
  async () => {
    await using temp = await tempDirectory('zookit-sequence-');
    // Without a digest there is one checksum.
    const options = { dataDir: temp.at('data'), properties: ['zookeeper.digest.enabled=false'] };
    await (await JavaServer.start(options)).stop();
    await count(options.dataDir, 2 ** 31 - 2);
    await using server = await JavaServer.start(options);
    await using client = await connect(server.connectString);
    const names: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { path } = await client.create(`${DIRECTORY}/n-`, '', { mode: 'persistent-sequential' });
      names.push(path.slice(-11));
      await client.delete(path);
    }
    expect(names).toEqual(['-2147483646', '-2147483647', '-2147483647']);
    const ids = new UniqueIds(client, DIRECTORY);
    for (let i = 0; i < 2; i++) {
      await expect(ids.next()).rejects.toMatchObject({ code: 'IdsUnavailable', reason: 'exhausted' });
    }
  },
);
