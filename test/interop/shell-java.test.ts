import { describe, it } from 'vitest';
import { describeShell } from '../cli/shell/suite.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';

if (javaZooKeeper() === null) {
  describe.skip('the shell against Apache ZooKeeper', () =>
    it('Apache ZooKeeper is not installed', () => {}));
} else {
  describeShell('Apache ZooKeeper', () => JavaServer.start());
}
