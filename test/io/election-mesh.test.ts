import { describe, expect, test } from 'vitest';
import { noEnsemble } from '../../core/config.ts';
import { electionPeersOf } from '../../core/io/election-mesh.ts';
import { silentLogger } from '../../core/ports.ts';
import { writeElectionHello } from '../../wire/election-hello.ts';
import { ELECTION_MESSAGE_BYTES_MAX } from '../../wire/notification.ts';
import { RawListener, RawPeer, TestMesh } from '../kit/meshes.ts';
import { freePort } from '../kit/processes.ts';
import { type Rng, withSeed } from '../kit/seed.ts';

const FILE = 'test/io/election-mesh.test.ts';

async function pair(): Promise<{ small: TestMesh; large: TestMesh }> {
  const small = await TestMesh.start(1);
  const large = await TestMesh.start(2);
  return { small, large };
}

describe('connections between servers', () => {
  test('stand between any two, and carry messages both ways', async () => {
    await using one = await TestMesh.start(1);
    await using two = await TestMesh.start(2);
    await using three = await TestMesh.start(3);
    const all = [one, two, three];
    for (const mesh of all) mesh.meet(...all.filter((other) => other !== mesh));
    for (const mesh of all) {
      for (const other of all) if (other !== mesh) await mesh.until(`connected ${other.id}`);
    }
    for (const mesh of all)
      for (const other of all) if (other !== mesh) mesh.say(other.id, `from ${mesh.id}`);
    for (const mesh of all) {
      for (const other of all) if (other !== mesh) await mesh.until(`${other.id}: from ${other.id}`);
    }
  });

  test('are opened by the larger id; the smaller one knocks, hangs up and is connected back', async () => {
    await using mesh = await TestMesh.start(2);
    await using listener = await RawListener.start();
    using knock = RawPeer.as(1, mesh.address, listener.address);
    await knock.closed();
    const back = await listener.peer(0);
    const hello = writeElectionHello(2, mesh.address);
    await back.until('the hello', (bytes) => bytes.length >= hello.length);
    expect(back.received).toEqual(hello);
    await mesh.until('connected 1');
    back.say('vote');
    await mesh.until('1: vote');
    expect(knock.received.length).toBe(0);
  });

  test('a server knocks at a larger id, and keeps what that one opens', async () => {
    await using listener = await RawListener.start();
    await using mesh = await TestMesh.start(1);
    mesh.meet({ id: 2, address: listener.address });
    const knock = await listener.peer(0);
    const hello = writeElectionHello(1, mesh.address);
    await knock.until('the hello', (bytes) => bytes.length >= hello.length);
    expect(knock.received).toEqual(hello);
    await knock.closed();
    expect(mesh.log).toEqual([]);
    using kept = RawPeer.as(2, mesh.address);
    await mesh.until('connected 2');
    mesh.say(2, 'vote');
    await kept.until('the vote', (bytes) => bytes.toString('utf8', 4) === 'vote');
  });

  test('it knocks again until it is connected', async () => {
    await using listener = await RawListener.start();
    await using mesh = await TestMesh.start(1);
    mesh.meet({ id: 2, address: listener.address });
    for (let at = 0; at < 4; at++) await (await listener.peer(at)).closed();
    using _kept = RawPeer.as(2, mesh.address);
    await mesh.until('connected 2');
  });

  test('the newer one replaces the older without a word', async () => {
    await using mesh = await TestMesh.start(1);
    using old = RawPeer.as(7, mesh.address);
    await mesh.until('connected 7');
    using kept = RawPeer.as(7, mesh.address);
    await mesh.until('connected 7', 2);
    await old.closed();
    kept.say('vote');
    await mesh.until('7: vote');
    expect(mesh.log).toEqual(['connected 7', 'connected 7', '7: vote']);
  });

  test('a knock right after a connection was made is what raced with it, and does not end it', async () => {
    await using listener = await RawListener.start();
    await using mesh = await TestMesh.start(2);
    mesh.meet({ id: 1, address: listener.address });
    await mesh.until('connected 1');
    using knock = RawPeer.as(1, mesh.address, listener.address);
    await knock.closed();
    mesh.say(1, 'vote');
    const kept = await listener.peer(0);
    await kept.until('the vote', (bytes) => bytes.toString().endsWith('vote'));
    expect(listener.peers.length).toBe(1);
  });

  test('nobody connects to itself by another name', async () => {
    await using mesh = await TestMesh.start(2);
    using self = RawPeer.as(2, mesh.address);
    await self.closed();
    expect(mesh.log).toEqual([]);
  });
});

describe('a connection that carries nothing any more', () => {
  const ends = (text: string) => (bytes: Buffer) => bytes.toString().endsWith(text);

  test('is given up by the larger id when nobody answers, and opened anew', async () => {
    await using listener = await RawListener.start();
    await using mesh = await TestMesh.start(2);
    mesh.meet({ id: 1, address: listener.address });
    const dead = await listener.peer(0);
    await mesh.until('connected 1');
    mesh.ask(1, 'who leads?');
    await dead.until('the question', ends('who leads?'));
    mesh.aheadMs = 3000;
    mesh.ask(1, 'who leads now?');
    await dead.closed();
    await (await listener.peer(1)).until('the question on a new connection', ends('who leads now?'));
    await mesh.until('connected 1', 2);
    expect(mesh.log).not.toContain('gone 1');
  });

  test('is given up by the smaller id, which knocks for a new one', async () => {
    await using listener = await RawListener.start();
    await using mesh = await TestMesh.start(1);
    using dead = RawPeer.as(2, mesh.address);
    await mesh.until('connected 2');
    mesh.meet({ id: 2, address: listener.address });
    mesh.ask(2, 'who leads?');
    await dead.until('the question', ends('who leads?'));
    mesh.aheadMs = 3000;
    mesh.ask(2, 'who leads now?');
    await dead.closed();
    await (await listener.peer(0)).closed();
    using back = RawPeer.as(2, mesh.address);
    await back.until('the question on a new connection', ends('who leads now?'));
  });

  test('is kept while there are answers, and when nothing was asked', async () => {
    await using listener = await RawListener.start();
    await using mesh = await TestMesh.start(2);
    mesh.meet({ id: 1, address: listener.address });
    const kept = await listener.peer(0);
    await mesh.until('connected 1');
    mesh.ask(1, 'who leads?');
    await kept.until('the question', ends('who leads?'));
    kept.say('three');
    await mesh.until('1: three');
    mesh.aheadMs += 3000;
    mesh.ask(1, 'and now?');
    mesh.say(1, 'three it is');
    mesh.aheadMs += 3000;
    mesh.ask(1, 'and again?');
    await kept.until('all of it on one connection', ends('and again?'));
    expect(listener.peers.length).toBe(1);
  });
});

describe('a server that goes and comes', () => {
  test('is told gone at once when it refuses, and connected when it is there', async () => {
    const port = await freePort();
    await using mesh = await TestMesh.start(2);
    mesh.meet({ id: 1, address: { host: '127.0.0.1', port } });
    await mesh.until('gone 1');
    await using _late = await TestMesh.start(1, { addresses: [{ host: '127.0.0.1', port }] });
    await mesh.until('connected 1');
    expect(mesh.log).toEqual(['gone 1', 'connected 1']);
  });

  test('is told gone when its connection ends, and is connected when it is back, whoever is the larger', async () => {
    for (const [stays, leaves] of [
      [1, 2],
      [2, 1],
    ] as const) {
      await using mesh = await TestMesh.start(stays);
      const other = await TestMesh.start(leaves);
      mesh.meet(other);
      other.meet(mesh);
      await mesh.until(`connected ${leaves}`);
      await other.mesh.close();
      await mesh.until(`gone ${leaves}`);
      await using back = await TestMesh.start(leaves, { addresses: [other.address] });
      back.meet(mesh);
      await mesh.until(`connected ${leaves}`, 2);
      await back.until(`connected ${stays}`);
    }
  });

  test('hears the last message again, or what is said when it is connected', async () => {
    const { small, large } = await pair();
    await using mesh = small;
    mesh.meet(large);
    large.meet(mesh);
    await mesh.until('connected 2');
    mesh.say(2, 'old');
    mesh.say(2, 'vote');
    await large.until('1: vote');
    await large.mesh.close();
    await mesh.until('gone 2');
    const again = await TestMesh.start(2, { addresses: [large.address] });
    again.meet(mesh);
    await again.until('1: vote');
    expect(again.log).not.toContain('1: old');
    await again.mesh.close();
    await mesh.until('gone 2', 2);
    mesh.greeting = 'new vote';
    await using third = await TestMesh.start(2, { addresses: [large.address] });
    third.meet(mesh);
    await third.until('1: new vote');
    expect(third.log).toEqual(['connected 1', '1: new vote']);
  });

  test('what is said while it is away waits, the newest alone', async () => {
    const port = await freePort();
    await using mesh = await TestMesh.start(2);
    mesh.meet({ id: 1, address: { host: '127.0.0.1', port } });
    await mesh.until('gone 1');
    for (const text of ['a', 'b', 'c']) mesh.say(1, text);
    await using late = await TestMesh.start(1, { addresses: [{ host: '127.0.0.1', port }] });
    await late.until('2: c');
    expect(late.log).toEqual(['connected 2', '2: c']);
  });

  test('is looked for at all its addresses and names', async () => {
    await using one = await TestMesh.start(1);
    await using mesh = await TestMesh.start(2);
    const nobody = { host: '127.0.0.1', port: await freePort() };
    const name = { host: 'localhost', port: one.address.port };
    mesh.mesh.setPeers(new Map([[1, { addresses: [nobody, name], isPersistent: true }]]));
    await mesh.until('connected 1');
    expect(mesh.log).toEqual(['connected 1']);
  });

  test('is found where it says that it is, when the configuration is wrong', async () => {
    await using mesh = await TestMesh.start(2);
    mesh.meet({ id: 1, address: { host: '127.0.0.1', port: await freePort() } });
    await mesh.until('gone 1');
    await using one = await TestMesh.start(1);
    one.meet(mesh);
    await mesh.until('connected 1');
    await one.until('connected 2');
  });

  test('is dropped when it is no member any more', async () => {
    const { small, large } = await pair();
    await using mesh = small;
    await using other = large;
    mesh.meet(other);
    other.meet(mesh);
    await mesh.until('connected 2');
    mesh.meet();
    await mesh.until('gone 2');
    await other.until('gone 1');
  });
});

describe('what is sent', () => {
  test('gives way to what is newer when the peer does not read', async () => {
    await using mesh = await TestMesh.start(1);
    using peer = RawPeer.as(2, mesh.address);
    await mesh.until('connected 2');
    peer.socket.pause();
    const messages = 200;
    for (let at = 1; at <= messages; at++) mesh.mesh.send(2, Buffer.alloc(ELECTION_MESSAGE_BYTES_MAX, at));
    peer.socket.resume();
    const framed = ELECTION_MESSAGE_BYTES_MAX + 4;
    const isWhole = (bytes: Buffer) => bytes.length > 0 && bytes.length % framed === 0;
    await peer.until('the last message', (bytes) => isWhole(bytes) && bytes.at(-1) === messages);
    expect(peer.received.length / framed).toBeLessThan(50);
  });

  test('to a server that is not known goes nowhere', async () => {
    await using mesh = await TestMesh.start(1);
    mesh.say(9, 'vote');
    mesh.say(1, 'vote');
    expect(mesh.log).toEqual([]);
  });
});

describe('what arrives', () => {
  test('may be cut anywhere', async () => {
    await using mesh = await TestMesh.start(1);
    const message = Buffer.from([0, 0, 0, 4, ...Buffer.from('vote')]);
    const bytes = Buffer.concat([writeElectionHello(2, { host: '::1', port: 3888 }), message, message]);
    using peer = RawPeer.to(mesh.address);
    peer.socket.setNoDelay(true);
    for (const byte of bytes) {
      await new Promise((resolve) => peer.socket.write(Buffer.from([byte]), resolve));
    }
    await mesh.until('2: vote', 2);
    using whole = RawPeer.to(mesh.address);
    whole.socket.write(bytes);
    await mesh.until('2: vote', 4);
  });

  test.each([
    ['a message of no bytes', Buffer.alloc(4)],
    ['a negative length', Buffer.alloc(4, 0xff)],
    ['a length above the limit', Buffer.from([0, 8, 0, 1])],
  ])('%s costs the connection', async (_, bytes) => {
    await using mesh = await TestMesh.start(1);
    using good = RawPeer.as(3, mesh.address);
    await mesh.until('connected 3');
    using bad = RawPeer.as(2, mesh.address);
    await mesh.until('connected 2');
    bad.socket.write(bytes);
    await bad.closed();
    await mesh.until('gone 2');
    good.say('vote');
    await mesh.until('3: vote');
  });

  test('random bytes cost the connection and nothing else', () =>
    withSeed(FILE, async (rng: Rng) => {
      await using mesh = await TestMesh.start(1);
      using good = RawPeer.as(3, mesh.address);
      await mesh.until('connected 3');
      for (let run = 0; run < 60; run++) {
        using bad = rng.chance(50) ? RawPeer.as(2, mesh.address) : RawPeer.to(mesh.address);
        bad.socket.end(rng.bytes(rng.below(3000)));
        await bad.closed();
      }
      good.say('vote');
      await mesh.until('3: vote');
      expect(mesh.log).not.toContain('gone 3');
    }));

  test('from who does not say who it is ends after the time to connect, however it trickles', async () => {
    await using mesh = await TestMesh.start(1, { cnxTimeoutMs: 100 });
    using silent = RawPeer.to(mesh.address);
    await silent.closed();
    using trickling = RawPeer.to(mesh.address);
    const drops = setInterval(() => trickling.socket.write(Buffer.from([0xff])), 10);
    await trickling.closed();
    clearInterval(drops);
  });

  test('from too many who do not say who they are leaves room for one who does', async () => {
    await using mesh = await TestMesh.start(1);
    const silent = Array.from({ length: 80 }, () => RawPeer.to(mesh.address));
    await silent[0]!.closed();
    using good = RawPeer.as(3, mesh.address);
    await mesh.until('connected 3');
    good.say('vote');
    await mesh.until('3: vote');
    for (const peer of silent) peer[Symbol.dispose]();
  });
});

describe('strangers', () => {
  test('are heard and answered, and forgotten when they go', async () => {
    await using mesh = await TestMesh.start(1);
    using stranger = RawPeer.as(9, mesh.address);
    await mesh.until('connected 9');
    stranger.say('who leads?');
    await mesh.until('9: who leads?');
    mesh.say(9, 'I do');
    await stranger.until('an answer', (bytes) => bytes.toString('utf8', 4) === 'I do');
    stranger.socket.destroy();
    await mesh.until('gone 9');
    mesh.say(9, 'still here?');
    expect(mesh.log).toEqual(['connected 9', '9: who leads?', 'gone 9']);
  });

  test('without an id get one of their own', async () => {
    await using mesh = await TestMesh.start(1);
    const ancient = Buffer.from('7fffffffffffffff', 'hex');
    using one = RawPeer.to(mesh.address);
    using two = RawPeer.to(mesh.address);
    one.socket.write(ancient);
    await mesh.until('connected -1');
    two.socket.write(ancient);
    await mesh.until('connected -2');
  });

  test('are taken in up to a limit, which members do not share', async () => {
    await using mesh = await TestMesh.start(1);
    const address = { host: '127.0.0.1', port: await freePort() };
    mesh.meet({ id: 500, address });
    const strangers = Array.from({ length: 64 }, (_, at) => RawPeer.as(100 + at, mesh.address));
    for (let at = 0; at < 64; at++) await mesh.until(`connected ${100 + at}`);
    using late = RawPeer.as(400, mesh.address);
    await late.closed();
    using member = RawPeer.as(500, mesh.address);
    await mesh.until('connected 500');
    member.say('vote');
    await mesh.until('500: vote');
    for (const peer of strangers) peer[Symbol.dispose]();
  });
});

describe('the port', () => {
  test('that is taken is tried again a second apart, then refused with what to do', async () => {
    await using listener = await RawListener.start();
    const addresses = [listener.address];
    await expect(TestMesh.start(1, { addresses })).rejects.toThrow(/EADDRINUSE.*free the port/);
    const begun = performance.now();
    await expect(TestMesh.start(1, { addresses, bindRetry: 2 })).rejects.toThrow(/EADDRINUSE/);
    expect(performance.now() - begun).toBeGreaterThan(900);
  });

  test('that becomes free in time is taken, 0 tries meaning any number', async () => {
    const listener = await RawListener.start();
    const { address } = listener;
    let failed = (): void => {};
    const failure = new Promise<void>((resolve) => {
      failed = resolve;
    });
    const logger = { ...silentLogger, warn: () => failed() };
    const starting = TestMesh.start(1, { addresses: [address], bindRetry: 0 }, logger);
    await failure;
    await listener[Symbol.asyncDispose]();
    await using mesh = await starting;
    expect(mesh.address.port).toBe(address.port);
  });

  test('is opened once where every address is listened to, and answers on all', async () => {
    const addresses = [
      { host: '203.0.113.1', port: 0 },
      { host: '203.0.113.2', port: 0 },
    ];
    await using mesh = await TestMesh.start(1, { addresses, listenOnAllIPs: true });
    using peer = RawPeer.as(2, mesh.address);
    await mesh.until('connected 2');
    peer.say('vote');
    await mesh.until('2: vote');
  });

  test('is free when the mesh is closed, every connection with it, in whatever state', async () => {
    const { small: mesh, large } = await pair();
    await using other = large;
    const nobody = { id: 3, address: { host: '127.0.0.1', port: await freePort() } };
    mesh.meet(other, nobody);
    other.meet(mesh);
    await mesh.until('connected 2');
    using shy = RawPeer.to(mesh.address);
    await new Promise((resolve) => shy.socket.once('connect', resolve));
    const told = mesh.log.length;
    await Promise.all([mesh.mesh.close(), mesh.mesh.close()]);
    await shy.closed();
    await other.until('gone 1');
    await using again = await TestMesh.start(1, { addresses: [mesh.address] });
    again.meet(other);
    await other.until('connected 1', 2);
    expect(mesh.log.slice(told)).toEqual([]);
    mesh.say(2, 'vote');
    mesh.mesh.setPeers(new Map());
  });
});

test('voters keep connections to voters, and observers to voters; voters wait for observers to ask', () => {
  const server = (id: number, role: 'participant' | 'observer') => ({
    id,
    addresses: [{ host: `host${id}`, quorumPort: 2888, electionPort: 3888 }],
    role,
    clientAddress: null,
    secureClientAddress: null,
  });
  const servers = [server(1, 'participant'), server(2, 'participant'), server(3, 'observer')];
  const peers = electionPeersOf(1, { ...noEnsemble, servers });
  expect([...peers]).toEqual([
    [2, { addresses: [{ host: 'host2', port: 3888 }], isPersistent: true }],
    [3, { addresses: [{ host: 'host3', port: 3888 }], isPersistent: false }],
  ]);
  expect(
    [...electionPeersOf(3, { ...noEnsemble, servers }).values()].map((peer) => peer.isPersistent),
  ).toEqual([true, true]);
});
