import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltPackage, buildPackage } from './built.ts';
import { JavaServer, javaZooKeeper } from './java.ts';
import { OurServer } from './our-server.ts';
import type { Child } from './processes.ts';
import { tempDirectory } from './temp.ts';

export interface StrangerProgram {
  /** What is tested, for the report. */
  readonly name: string;
  /** Why it cannot run here, null if it can. */
  readonly missing: string | null;
  /** The names of the checks, in order. */
  readonly checks: readonly string[];
  /** Starts the program against a server, `host:port`. It prints `ok NAME` or `not ok NAME: reason` for each check. */
  run(hosts: string): Child | Promise<Child>;
}

/**
 * Lets a program that was written for ZooKeeper do its work against zookit, started as users start it. Where Apache ZooKeeper
 * is installed it runs against that too: a check that fails at both is wrong itself.
 */
export function testStranger(program: StrangerProgram): void {
  describe.skipIf(program.missing !== null)(program.name + (program.missing ?? ''), () => {
    let built: BuiltPackage;
    beforeAll(() => {
      built = buildPackage();
    });
    afterAll(() => built[Symbol.dispose]());

    test.skipIf(javaZooKeeper() === null)('works against Apache ZooKeeper', async () => {
      await using server = await JavaServer.start();
      await expectAllWell(program, `127.0.0.1:${server.port}`);
    });

    test('works against zookit', async () => {
      await using home = await tempDirectory('zookit-stranger-');
      await using server = await OurServer.start({ main: built.main, directory: home.path });
      await expectAllWell(program, `127.0.0.1:${server.port}`);
    });
  });
}

async function expectAllWell(program: StrangerProgram, hosts: string): Promise<void> {
  await using child = await program.run(hosts);
  await child.exited;
  const said = child.output.split('\n').filter((line) => /^(not )?ok /.test(line));
  if (said.length < program.checks.length || said.some((line) => line.startsWith('not'))) {
    throw new Error(`${program.name} said:\n${child.output.slice(-6000)}`);
  }
  expect(said).toEqual(program.checks.map((check) => `ok ${check}`));
}
