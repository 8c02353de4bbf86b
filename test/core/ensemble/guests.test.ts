import { describe, expect, test } from 'vitest';
import { ServerStats } from '../../../core/admin/stats.ts';
import { type Guest, Guests } from '../../../core/ensemble/guests.ts';
import type { ClientLink } from '../../../core/ports.ts';
import { connectRequest } from '../../kit/fake-client.ts';
import { framed } from '../../kit/raw-client.ts';
import { SimulatedServer } from '../../kit/simulated-server.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

class Link implements ClientLink {
  readonly remoteIp = '127.0.0.1';
  readonly remotePort = 40_000;
  readonly bufferedBytes = 0;
  readonly written: string[] = [];
  closed = 0;

  write(bytes: Buffer): void {
    this.written.push(bytes.toString('latin1'));
  }

  close(): void {
    this.closed++;
  }

  pauseReading(): void {}
  resumeReading(): void {}
}

/** The client port of a member whose service is there or not, as the test says. */
class World {
  readonly time = new VirtualTime();
  readonly stats = new ServerStats();
  readonly server: SimulatedServer;
  isServing = false;
  readonly guests = new Guests({
    service: () => (this.isServing ? this.server.driver.service : null),
    fourLetterReply: (word) => `${word}!`,
    scheduler: this.time,
    stats: this.stats,
  });

  constructor(maxClientCnxns = 0) {
    this.server = new SimulatedServer({ config: { maxClientCnxns } });
  }

  come(): { readonly link: Link; readonly guest: Guest | null } {
    const link = new Link();
    return { link, guest: this.guests.connected(link) };
  }

  say(guest: Guest | null, ...chunks: (string | Buffer)[]): void {
    for (const chunk of chunks) this.guests.received(guest!, Buffer.from(chunk as string));
    this.server.settle();
  }
}

describe('while nobody serves', () => {
  test('words are answered, in however many pieces they come', () => {
    const world = new World();
    const { link, guest } = world.come();
    world.say(guest, 'ru', 'o');
    expect([link.written, link.closed]).toEqual([[], 0]);
    world.say(guest, 'k');
    expect([link.written, link.closed]).toEqual([['ruok!'], 1]);
    world.guests.disconnected(guest!);
    expect(world.time.timerCount).toBe(0);
  });

  test('clients are turned away as soon as they speak, and counted', () => {
    const world = new World();
    const { link, guest } = world.come();
    world.say(guest, framed(connectRequest({})));
    expect([link.written, link.closed]).toEqual([[], 1]);
    expect(world.stats.ensemble.turnedAway).toBe(1);
  });

  test('who says nothing is let go after ten seconds', () => {
    const world = new World();
    const { link } = world.come();
    world.time.advance(9_999);
    expect(link.closed).toBe(0);
    world.time.advance(1);
    expect(link.closed).toBe(1);
    expect(world.stats.sessionlessExpired).toBe(1);
    world.time.advance(60_000);
    expect(link.closed).toBe(1);
  });

  test('everybody is let go when the member stops', () => {
    const world = new World();
    const [a, b] = [world.come(), world.come()];
    world.guests.disconnected(a.guest!);
    world.guests.stop();
    expect([a.link.closed, b.link.closed]).toEqual([0, 1]);
    expect(world.time.timerCount).toBe(0);
  });
});

describe('when a service begins', () => {
  test('it takes in those that wait, with what they said', () => {
    const world = new World();
    const { link, guest } = world.come();
    const request = framed(connectRequest({}));
    world.say(guest, request.subarray(0, 3));
    world.isServing = true;
    world.say(guest, request.subarray(3));
    expect(link.written.length).toBe(1);
    expect(link.closed).toBe(0);
    expect(world.server.driver.service.clients.connections.size).toBe(1);
    world.time.advance(60_000);
    expect(link.closed).toBe(0);
    world.guests.disconnected(guest!);
    expect(world.server.driver.service.clients.connections.size).toBe(0);
  });

  test('it takes in no more than it may', () => {
    const world = new World(1);
    const [a, b] = [world.come(), world.come()];
    world.isServing = true;
    world.say(a.guest, framed(connectRequest({})));
    world.say(b.guest, framed(connectRequest({})));
    expect([a.link.closed, b.link.closed]).toEqual([0, 1]);
    expect(world.come().guest).toBe(null);
    world.guests.disconnected(b.guest!);
    expect(world.server.driver.service.clients.connections.size).toBe(1);
  });
});
