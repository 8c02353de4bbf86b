import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { type CommitOutcome, ThreePhaseCommit, TwoPhaseCommit } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { untilChildren } from '../leader/waiting.ts';
import { Books } from './books.ts';

/** More steps than any of these has; reaching it means that the scenario did not end. */
const STEPS_MAX = 400;
const backoff = { baseMs: 1, maxMs: 2 };

/** A process that can die at any step: from then on nothing of it reaches the server or its books, and its session is over. */
class Mortal {
  readonly steps = new CountedSteps();
  dead = false;
  #died: () => void = () => {};
  readonly death = new Promise<void>((resolve) => {
    this.#died = resolve;
  });
  client!: ZooKeeperClient;

  async connect(server: TestServer): Promise<void> {
    const { ports } = this.steps;
    const nowhere = { write: () => {}, destroy: () => {} };
    this.client = await connect(server.connectString, {
      backoff,
      closeTimeoutMs: 1,
      ports: { ...ports, open: (...args) => (this.dead ? nowhere : ports.open(...args)) },
    });
  }

  /** Dies at a step counted from now. */
  dieAt(server: TestServer, at: number): void {
    const base = this.steps.steps;
    this.steps.onStep = (step) => {
      if (this.dead || step - base < at) return;
      this.dead = true;
      server.expireSession(this.client.sessionId);
      this.steps.cut();
      this.#died();
    };
  }

  /** A step of the process's own; who is dead never comes out of it. */
  async own(): Promise<void> {
    this.steps.onStep(this.steps.steps++);
    if (this.dead) await new Promise(() => {});
  }
}

type Role = 'the one that begins and coordinates' | 'a participant that coordinates' | 'a participant';
const roles: readonly Role[] = [
  'the one that begins and coordinates',
  'a participant that coordinates',
  'a participant',
];

describe.each([
  ['TwoPhaseCommit', TwoPhaseCommit],
  ['ThreePhaseCommit', ThreePhaseCommit],
] as const)('%s when a process dies at every step', (kind, Commit) => {
  let server: TestServer;
  let clients: ZooKeeperClient[];
  beforeAll(async () => {
    server = await TestServer.start();
    clients = await Promise.all([0, 1, 2].map(() => connect(server.connectString, { backoff })));
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await server.close();
  });

  /** One transaction in which the role dies at a step; whether it came to that. */
  async function scenario(role: Role, at: number, against: boolean): Promise<boolean> {
    const path = `/${kind}/${role.replaceAll(' ', '-')}-${against}-${at}`;
    const books = new Books();
    const mortal = new Mortal();
    await mortal.connect(server);
    const [first, second, third] = clients as [ZooKeeperClient, ZooKeeperClient, ZooKeeperClient];
    const begins = role === roles[0];
    const startAs = (zk: ZooKeeperClient, id: string, step?: () => Promise<void>) => {
      const handlers = books.handlers(id, step);
      const prepare = (part: Parameters<typeof handlers.prepare>[0]) => {
        if (against && id === 'b') throw new Error('against it');
        return handlers.prepare(part);
      };
      return Commit.start<unknown>(zk, path, { retryMs: 1, participant: { ...handlers, prepare, id } });
    };
    const startMortal = () =>
      begins ? Commit.start<unknown>(mortal.client, path) : startAs(mortal.client, 'a', () => mortal.own());
    // Who starts first coordinates.
    const early = role === 'a participant' ? null : await startMortal();
    const b = await startAs(second, 'b');
    const late = early ?? (await startMortal());
    let a = begins ? await startAs(first, 'a') : null;
    mortal.dieAt(server, at);
    const run = (begins ? late : b).run(
      {},
      { participants: ['a', 'b'], voteTimeoutMs: 60_000, id: 't', waitFor: 'everybody' },
    );
    let outcome: CommitOutcome | undefined;
    const ran = run.then(
      (value) => {
        outcome = value;
      },
      (error: unknown) => {
        if (!begins || !mortal.dead) throw error;
      },
    );
    await Promise.race([ran, mortal.death]);
    // Another process takes the part of the dead one, and goes on from what is written.
    if (mortal.dead && !begins) a = await startAs(third, 'a');
    if (!begins || !mortal.dead) await ran;
    // What was sent before the death has been applied or never will be.
    await second.sync();
    await untilChildren(second, `${path}/transactions`, 0);
    const died = mortal.dead;
    mortal.steps.onStep = () => {};
    const entries = books.of('t');
    const begun = Object.keys(entries).length > 0;
    const entry = against ? 'rolled-back' : 'committed';
    if (begun || !died || !begins) expect(entries, `step ${at}`).toEqual({ a: entry, b: entry });
    if (outcome !== undefined) expect(outcome.decision).toBe(against ? 'rollback' : 'commit');
    await Promise.all([a?.close(), b.close(), died ? null : late.close()]);
    await mortal.client.close();
    await ran;
    return died;
  }

  for (const role of roles) {
    // What a vote against it changes is the same for both kinds, and shows best where the dead one both votes and decides.
    const votes =
      kind === 'TwoPhaseCommit' && role === 'a participant that coordinates' ? [false, true] : [false];
    for (const against of votes) {
      test(`${role}, ${against ? 'one votes no' : 'all vote yes'}: the others come to the same end`, async () => {
        let at = 0;
        while (at < STEPS_MAX && (await scenario(role, at, against))) at++;
        expect(at).toBeGreaterThan(10);
        expect(at).toBeLessThan(STEPS_MAX);
      }, 300_000);
    }
  }
});
