import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { expectAgreement } from '../kit/agreement.ts';
import { describeMixed } from '../kit/describe-mixed.ts';
import type { Kind } from '../kit/mixed-ensemble.ts';
import { MixedLoad } from '../kit/mixed-load.ts';
import { Child } from '../kit/processes.ts';

const PYTHON = '/usr/bin/python3';
const hasKazoo = spawnSync(PYTHON, ['-c', 'import kazoo']).status === 0;
const patient = fileURLToPath(new URL('./python/patient.py', import.meta.url));

describeMixed('an ensemble whose servers are replaced one by one', (createEnsemble) => {
  test('turns from Apache ZooKeeper into ours and back, and clients only see reconnects', async () => {
    await using ensemble = await createEnsemble({
      members: [
        { id: 1, kind: 'java' },
        { id: 2, kind: 'java' },
        { id: 3, kind: 'java' },
      ],
      // Apache ZooKeeper moves the members to a file of their own then, and numbers them: what follows must find both.
      configLines: ['reconfigEnabled=true'],
    });
    await ensemble.start(1, 2, 3);
    await using load = await MixedLoad.start(ensemble.connectString, 3);
    await using kazoo = hasKazoo ? new Child(PYTHON, [patient, ensemble.connectString]) : null;
    await kazoo?.waitFor(/^ready$/m, 60_000);

    const replace = async (id: number, kind: Kind): Promise<void> => {
      await ensemble.stop(id);
      ensemble.spawn(id, kind);
      await ensemble.serving(...ensemble.running);
      await load.progress();
    };
    for (const id of [1, 2, 3]) await replace(id, 'ours');
    expect(ensemble.running.map((id) => ensemble.kind(id))).toEqual(['ours', 'ours', 'ours']);
    for (const id of [3, 1, 2]) await replace(id, 'java');
    expect(ensemble.running.map((id) => ensemble.kind(id))).toEqual(['java', 'java', 'java']);

    if (kazoo !== null) {
      kazoo.process.stdin!.end();
      expect(await kazoo.success()).toMatch(/^ok [1-9]\d* writes, [1-9]\d* reconnects$/m);
    }
    await load.stop();
    expect(load.writers.reduce((sum, { reconnects }) => sum + reconnects, 0)).toBeGreaterThan(0);
    load.expectAllIn(await expectAgreement(ensemble));
  });
});
