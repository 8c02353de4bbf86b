import { connect } from 'node:net';
import { ByteWriter } from '../../wire/bytes.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { framed, HungUp, RawClient } from '../kit/raw-client.ts';

/** What a server does with a request that is wrong or odd, in terms that two servers can be compared by. */
export type Trial = (port: number) => Promise<unknown>;

/** A field by its kind: text, 32 bits, 64 bits, a flag, a byte string, or null in place of text or bytes. */
type Field = string | number | bigint | boolean | Buffer | null;

/** Plain bytes, so that a trial can hold what a codec would refuse to write. */
function bytesOf(fields: readonly Field[]): Buffer {
  const writer = new ByteWriter();
  for (const field of fields) {
    if (typeof field === 'string' || field === null) writer.writeString(field);
    else if (typeof field === 'number') writer.writeInt(field);
    else if (typeof field === 'bigint') writer.writeLong(field);
    else if (typeof field === 'boolean') writer.writeBool(field);
    else writer.writeBuffer(field);
  }
  return writer.finish();
}

const answerOrHangUp = (reply: Promise<{ err: number }>): Promise<unknown> =>
  reply.then(
    ({ err }) => err,
    (error: unknown) => {
      if (!(error instanceof HungUp)) throw error;
      return 'hung up';
    },
  );

/** The answer to a request, and whether the connection lives on after it. */
async function tell(client: RawClient, type: number, body: Buffer): Promise<unknown> {
  let answer: unknown;
  try {
    const { err, body: reply } = await client.request(type, body);
    answer = { err, reply: reply.length };
  } catch (error) {
    if (!(error instanceof HungUp)) throw error;
    return 'hung up';
  }
  const alive = (await answerOrHangUp(client.ping())) === 0 ? 'serves on' : 'hung up after it';
  await client.drop();
  return { answer, alive };
}

const ask =
  (type: number, ...fields: Field[]): Trial =>
  async (port) =>
    tell(await RawClient.connect({ port }), type, bytesOf(fields));

const askRaw =
  (type: number, body: Buffer): Trial =>
  async (port) =>
    tell(await RawClient.connect({ port }), type, body);

/** Bytes in place of a request's frame; then whether a ping is answered. */
const send =
  (bytes: Buffer): Trial =>
  async (port) => {
    const client = await RawClient.connect({ port });
    client.sendRaw(bytes);
    return answerOrHangUp(client.ping());
  };

const login =
  (scheme: string | null, auth: string | null): Trial =>
  async (port) =>
    answerOrHangUp((await RawClient.connect({ port })).auth(scheme, auth));

/** A first frame: the length and timeout of the answer, or how little came before the server hung up. */
const greet =
  (...fields: Field[]): Trial =>
  (port) =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const socket = connect(port, '127.0.0.1', () => socket.write(framed(bytesOf(fields))));
      socket.on('data', (chunk) => {
        chunks.push(chunk);
        socket.destroy();
      });
      socket.on('error', reject);
      socket.on('close', () => {
        const reply = Buffer.concat(chunks);
        resolve(reply.length < 12 ? `${reply.length} bytes` : [reply.readInt32BE(0), reply.readInt32BE(8)]);
      });
    });

const noPassword = Buffer.alloc(16);
const world = [1, 31, 'world', 'anyone'] as const;
const withAcl = (path: string, scheme: string | null, id: string | null): Trial =>
  ask(OpCode.create, path, null, 1, 31, scheme, id, 0);
const end = [-1, true, -1] as const;

export const trials: Readonly<Record<string, Trial>> = {
  'exists: null path': ask(OpCode.exists, null, false),
  'exists: NUL in the path': ask(OpCode.exists, '/a\u0000', true),
  'exists: no flag': ask(OpCode.exists, '/'),
  'exists: a flag that is neither 0 nor 1': askRaw(OpCode.exists, Buffer.from([0, 0, 0, 1, 0x2f, 7])),
  'exists: bytes after the record': ask(OpCode.exists, '/', false, 1n, 7),
  'getData: null path': ask(OpCode.getData, null, false),
  'getData: no UTF-8': ask(OpCode.getData, Buffer.from([0x2f, 0xff, 0xfe]), false),
  'getChildren: null path': ask(OpCode.getChildren, null, false),
  'getChildren2: null path': ask(OpCode.getChildren2, null, false),
  'getACL: null path': ask(OpCode.getACL, null),
  'getAllChildrenNumber: null path': ask(OpCode.getAllChildrenNumber, null),
  'sync: null path': ask(OpCode.sync, null),
  'delete: null path': ask(OpCode.delete, null, -1),
  'setData: null path': ask(OpCode.setData, null, null, -1),
  'setData: the config node': ask(OpCode.setData, '/zookeeper/config', Buffer.alloc(0), -1),
  'addWatch: null path': ask(OpCode.addWatch, null, 0),
  'create: no UTF-8': ask(OpCode.create, Buffer.from([0x2f, 0xff]), null, ...world, 0),
  'create: below the config node': ask(OpCode.create, '/zookeeper/config/x', null, ...world, 0),
  'create: null ACL': ask(OpCode.create, '/x0', null, -1, 0),
  'create: ACL with null scheme': withAcl('/x1', null, 'x'),
  'create: digest ACL with null id': withAcl('/x2', 'digest', null),
  'create: ip ACL with null id': withAcl('/x3', 'ip', null),
  'create: world ACL with null id': withAcl('/x4', 'world', null),
  'create: as much data as fits': ask(OpCode.create, '/big', Buffer.alloc(0xfffff - 52), ...world, 0),
  'create: a frame above the limit': askRaw(OpCode.create, Buffer.alloc(0x100000)),
  'create: more elements than bytes': ask(OpCode.create, '/x5', null, 0x7fffffff),
  'setWatches: null lists': ask(OpCode.setWatches, 0n, -1, -1, -1),
  'setWatches: null in a list': ask(OpCode.setWatches, 0n, 1, null, 0, 0),
  'setWatches: negative zxid': ask(OpCode.setWatches, -1n, 0, 0, 0),
  'setWatches: huge zxid': ask(OpCode.setWatches, 2n ** 62n, 0, 0, 0),
  'multi: no bytes': ask(OpCode.multi),
  'multi: ends at once, with an odd header': ask(OpCode.multi, 5, true, 7),
  'multi: an unknown operation': ask(OpCode.multi, 99, false, -1, ...end),
  'multi: no end': ask(OpCode.multi, OpCode.delete, false, -1, '/none', -1),
  'multi: reads only': ask(OpCode.multi, OpCode.getData, false, -1, '/', false, ...end),
  'multiRead: a write': ask(OpCode.multiRead, OpCode.delete, false, -1, '/', -1, ...end),
  'closeSession: with a body': ask(OpCode.closeSession, 'body'),
  'whoAmI: with a body': ask(OpCode.whoAmI, 'body'),
  'reconfig: nulls': ask(OpCode.reconfig, null, null, null, -1n),
  'deleteContainer from a client': ask(OpCode.deleteContainer, '/x6'),
  'type error': ask(OpCode.error, 0),
  sasl: ask(OpCode.sasl, Buffer.from('token')),
  'an empty frame': send(framed(Buffer.alloc(0))),
  'a header cut short': send(framed(Buffer.alloc(7))),
  'a negative length': send(Buffer.from([0xff, 0xff, 0xff, 0xfe])),
  'auth: null scheme': login(null, 'x'),
  'auth: null data': login('digest', null),
  'auth: null data for ip': login('ip', null),
  'auth: cut short': send(framed(bytesOf([-4, OpCode.auth, 0]))),
  'handshake: null password': greet(0, 0n, 30_000, 0n, null, false),
  'handshake: empty password': greet(0, 0n, 30_000, 0n, Buffer.alloc(0), false),
  'handshake: cut short': greet(0, 0n),
  'handshake: bytes after it': greet(0, 0n, 30_000, 0n, noPassword, false, 5n),
  'handshake: another protocol version': greet(7, 0n, 30_000, 0n, noPassword, false),
  'handshake: negative zxid': greet(0, -1n, 30_000, 0n, noPassword, false),
  'handshake: huge zxid': greet(0, 2n ** 62n, 30_000, 0n, noPassword, false),
  'handshake: unknown session': greet(0, 0n, 30_000, 0x77n, noPassword, false),
  'handshake: unknown session, null password': greet(0, 0n, 30_000, 0x77n, null, false),
};

const refused = (err: number) => ({ answer: { err, reply: 0 }, alive: 'serves on' });
const unimplemented = { answer: { err: -6, reply: 0 }, alive: 'hung up after it' };
const invalidAcl = { theirs: refused(-5), ours: refused(-114) };

/** Where the answers are meant to differ; explained in docs/divergence.md under "Requests that no client makes". */
export const meantToDiffer: Readonly<Record<string, { readonly theirs: unknown; readonly ours: unknown }>> = {
  'create: digest ACL with null id': invalidAcl,
  'create: ip ACL with null id': invalidAcl,
  'create: world ACL with null id': invalidAcl,
  'setWatches: null lists': { theirs: refused(-5), ours: refused(0) },
  'setWatches: huge zxid': { theirs: refused(0), ours: refused(-5) },
  'addWatch: null path': {
    theirs: { answer: { err: 0, reply: 4 }, alive: 'serves on' },
    ours: refused(-5),
  },
  'setData: null path': { theirs: refused(-8), ours: refused(-5) },
  'multiRead: a write': {
    theirs: { answer: { err: -5, reply: 9 }, alive: 'serves on' },
    ours: refused(-5),
  },
  'deleteContainer from a client': { theirs: refused(-8), ours: unimplemented },
  sasl: { theirs: { answer: { err: 0, reply: 4 }, alive: 'serves on' }, ours: refused(-6) },
};

/** What Apache ZooKeeper does not survive, or does not answer; tried on zookit alone. */
export const trialsOfOurs: Readonly<Record<string, readonly [trial: Trial, expected: unknown]>> = {
  'a check outside a multi': [ask(OpCode.check, '/', -1), refused(-6)],
  'createSession from a client': [ask(OpCode.createSession, 10_000), unimplemented],
  'createTTL with a mode that has no TTL': [
    ask(OpCode.createTTL, '/ttl', null, OPEN_ACL.length, 31, 'world', 'anyone', 0, -1n),
    refused(-8),
  ],
};
