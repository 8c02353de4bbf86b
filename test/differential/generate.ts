import { decode, encode } from '../../wire/codec.ts';
import { WireFault } from '../../wire/fault.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { requestCodecs } from '../../wire/requests.ts';
import { SUPER_AUTH } from '../kit/java.ts';
import { requestCodecOf } from '../kit/raw-codecs.ts';
import type { Rng } from '../kit/seed.ts';
import { makeMulti, makeMultiRead } from './generate-multi.ts';
import { makeRead, makeSetWatches, makeWatchCall } from './generate-reads.ts';
import { makeWrite, somePath } from './generate-writes.ts';
import type { Model } from './model.ts';
import { isGuarded, open, users } from './pools.ts';
import type { RequestStep, Step } from './step.ts';

const weights = {
  write: 300,
  read: 260,
  multi: 90,
  multiRead: 30,
  watchCall: 70,
  setWatches: 12,
  getEphemerals: 12,
  whoAmI: 8,
  sync: 12,
  ping: 12,
  auth: 14,
  reconfig: 3,
  quota: 14,
  burst: 60,
  malformed: 25,
  unknown: 3,
  drop: 14,
  close: 8,
  resumeLive: 6,
} as const;

const timeouts = [30_000, 0, -5, 100, 12_000, 40_000, 1_000_000_000];

/** The next step of a random sequence, given what is known so far. */
export function nextStep(rng: Rng, model: Model, number: number): Step {
  const session = rng.below(model.sessions.length);
  const { state } = model.sessions[session]!;
  if (state === 'new') {
    const timeoutMs = number < model.sessions.length ? 30_000 : rng.pick(timeouts);
    return { do: 'connect', session, timeoutMs, readOnly: rng.pick([false, false, true, null]) };
  }
  if (state === 'dropped') {
    const how = rng.chance(75)
      ? 'properly'
      : rng.pick(['wrong-password', 'ahead', 'unknown-session'] as const);
    return { do: 'resume', session, how };
  }
  switch (rng.weighted(weights)) {
    case 'write':
      return makeWrite(rng, model, session);
    case 'read':
      return makeRead(rng, model, session);
    case 'multi':
      return makeMulti(rng, model, session);
    case 'multiRead':
      return makeMultiRead(rng, model, session);
    case 'watchCall':
      return makeWatchCall(rng, model, session);
    case 'setWatches':
      return makeSetWatches(rng, model, session, number);
    case 'getEphemerals':
      return {
        do: 'request',
        session,
        type: OpCode.getEphemerals,
        body: { path: rng.pick([null, '', ' ', '/', '/a', '/b/', '/c', 'a', '/nothing']) },
      };
    case 'whoAmI':
      return { do: 'request', session, type: OpCode.whoAmI, body: {} };
    case 'sync':
      return {
        do: 'request',
        session,
        type: OpCode.sync,
        body: { path: rng.pick(['/', '/a', '/missing', 'nolead', '']) },
      };
    case 'ping':
      return { do: 'request', session, type: OpCode.ping, body: {} };
    case 'auth':
      return makeAuth(rng, session);
    case 'reconfig':
      return {
        do: 'request',
        session,
        type: OpCode.reconfig,
        body: {
          joiningServers: 'server.9=localhost:1:2;3',
          leavingServers: null,
          newMembers: null,
          curConfigId: -1,
        },
      };
    case 'burst':
      return makeBurst(rng, model, session, number);
    case 'quota':
      return makeQuota(rng, model, session);
    case 'malformed':
      return makeMalformed(rng, model, session);
    case 'unknown':
      return {
        do: 'raw',
        session,
        type: rng.pick([0, 10, 23, 99, 108, 1000, -1, -2, 2147483647, -2147483648]),
        hex: rng.bytes(rng.below(20)).toString('hex'),
      };
    case 'drop':
      return { do: 'drop', session };
    case 'close':
      return { do: 'close', session };
    case 'resumeLive':
      return { do: 'resume', session, how: 'properly' };
  }
}

function makeBurst(rng: Rng, model: Model, session: number, number: number): Step {
  const requests: RequestStep[] = [];
  const wanted = rng.between(2, 12);
  const focus = somePath(rng, model);
  while (requests.length < wanted) {
    const step = rng.pick([makeWrite, makeWrite, makeRead, makeRead, makeMulti, makeWatchCall])(
      rng,
      model,
      session,
    );
    if (step.do === 'request' || step.do === 'multi')
      requests.push(rng.chance(50) ? movedTo(focus, step) : step);
    if (rng.chance(2)) {
      const watches = makeSetWatches(rng, model, session, number);
      if (watches.do === 'setWatches') requests.push(watches);
    }
  }
  return { do: 'burst', session, requests };
}

const unwatched: readonly number[] = [
  OpCode.create,
  OpCode.create2,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.getACL,
];

/** The same request about another node, if it is one that may be about any: requests under way at once matter most to each other. */
function movedTo(path: string, step: RequestStep): RequestStep {
  if (step.do !== 'request' || !unwatched.includes(step.type)) return step;
  // The ACLs that a step brings along suit the kind of place it was made for.
  if (path === '/acl' || isGuarded(path) !== isGuarded(step.body.path ?? '')) return step;
  return { ...step, body: { ...step.body, path } };
}

/** What an operator's tools do to set, read and drop a quota; the servers keep the count themselves, in a node of their own. */
function makeQuota(rng: Rng, model: Model, session: number): Step {
  // Not tried: a quota of the root. It ends Apache ZooKeeper, see docs/divergence.md.
  const root = `/zookeeper/quota${rng.pick(['/a', '/b', '/b/x'])}`;
  const path = root + rng.pick(['', '/zookeeper_limits', '/zookeeper_stats', '/x']);
  const data = Buffer.from(
    rng.pick(['count=3,bytes=100', 'count=-1,bytes=50', 'count=1000,bytes=-1', 'count=0,bytes=0']),
  );
  switch (rng.weighted({ create: 50, read: model.quotaCountsAgree ? 30 : 0, set: 10, delete: 10 })) {
    case 'create':
      return { do: 'request', session, type: OpCode.create, body: { path, data, acl: [open], flags: 0 } };
    case 'read':
      return { do: 'request', session, type: OpCode.getData, body: { path, watch: false } };
    case 'set':
      return { do: 'request', session, type: OpCode.setData, body: { path, data, version: -1 } };
    case 'delete':
      return { do: 'request', session, type: OpCode.delete, body: { path, version: -1 } };
  }
}

function makeAuth(rng: Rng, session: number): Step {
  const roll = rng.below(100);
  if (roll < 65)
    return { do: 'auth', session, scheme: 'digest', auth: rng.pick([users.alice.auth, users.bob.auth]) };
  if (roll < 80) return { do: 'auth', session, scheme: 'digest', auth: SUPER_AUTH };
  if (roll < 88) return { do: 'auth', session, scheme: 'ip', auth: rng.pick(['127.0.0.1', '', 'x']) };
  const [scheme, auth] = rng.pick([
    ['nonsense', 'x'],
    ['world', 'anyone'],
    ['super', 'super'],
    ['auth', ''],
    ['', 'x'],
    ['digest', 'nocolon'],
    ['digest', ''],
    ['digest', 'super:wrong'],
  ] as const);
  return { do: 'auth', session, scheme, auth };
}

/** A request of a known type whose body ends early or lies about a length. */
function makeMalformed(rng: Rng, model: Model, session: number): Step {
  for (;;) {
    const step = rng.chance(60) ? makeWrite(rng, model, session) : makeRead(rng, model, session);
    if (step.do !== 'request') continue;
    const codec = requestCodecOf(step.type as keyof typeof requestCodecs);
    const whole = encode(codec, step.body);
    const bytes = Buffer.from(whole.subarray(0, rng.chance(50) ? rng.below(whole.length) : whole.length));
    if (rng.chance(50) && bytes.length >= 4)
      bytes.writeInt32BE(rng.pick([-1, -2, 0x7fffffff, -0x80000000, 5000]), 0);
    try {
      decode(codec, bytes);
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      return { do: 'raw', session, type: step.type, hex: bytes.toString('hex') };
    }
  }
}
