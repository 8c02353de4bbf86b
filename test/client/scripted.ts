import {
  type ClientState,
  type ConnectOptions,
  connect,
  type Stat,
  type StateInfo,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { ClientWorld, type Grant } from '../kit/client-world.ts';

export const SESSION: Grant = { sessionId: 0x1234n, timeOut: 30_000 };

export function statOf(fields: Partial<Stat> = {}): Stat {
  return {
    czxid: 1,
    mzxid: 1,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    dataLength: 0,
    numChildren: 0,
    pzxid: 1,
    ...fields,
  };
}

export interface Scripted {
  readonly world: ClientWorld;
  readonly client: ZooKeeperClient;
  /** States reported since the first. */
  readonly states: [ClientState, StateInfo][];
}

/** A client connected to a scripted server, in a session of 30 s unless told otherwise. */
export async function connected(
  options: ConnectOptions & { readonly servers?: string; readonly grant?: Grant } = {},
): Promise<Scripted> {
  const { servers = 's1:2181', grant = SESSION, ...rest } = options;
  const world = new ClientWorld();
  const connecting = connect(servers, { ports: world, ...rest });
  await world.turn();
  await world.link.grant(grant);
  // Credentials are answered before the client counts as connected.
  for (const { xid } of world.link.requests) if (xid === -4) await world.link.send(errorOk(xid));
  const client = await connecting;
  const states: [ClientState, StateInfo][] = [];
  client.on('state', (state, info) => states.push([state, info]));
  world.link.take();
  return { world, client, states };
}

function errorOk(xid: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32BE(xid, 0);
  return bytes;
}

/** The error that work ends with; fails if it succeeds. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}
