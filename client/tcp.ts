import { randomInt, randomUUID } from 'node:crypto';
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ClientPorts, Endpoint, Link, LinkEvents, Random } from './ports.ts';

const systemRandom: Random = { below: (bound) => randomInt(bound) };

/** How long one address of several may take before the next is tried. Node's own quarter of a second is short for a far server. */
const ADDRESS_TIMEOUT_MS = 1_000;

type LookupDone = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** Looks a name up anew and puts its addresses in random order, so that one dead address does not always come first. */
function shuffledLookup(host: string, options: LookupOptions, done: LookupDone): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, []);
    for (let i = addresses.length - 1; i > 0; i--) {
      const j = randomInt(i + 1);
      const swapped = addresses[i]!;
      addresses[i] = addresses[j]!;
      addresses[j] = swapped;
    }
    if (options.all === true) done(null, addresses);
    else done(null, addresses[0]!.address, addresses[0]!.family);
  });
}

/** Where several addresses of a name failed, Node's error has no message of its own. */
export function readable(error: Error): Error {
  if (!(error instanceof AggregateError) || error.message !== '') return error;
  return new Error(error.errors.map((each: Error) => each.message).join(', '), { cause: error });
}

function open({ host, port }: Endpoint, events: LinkEvents): Link {
  const socket = connect({
    host,
    port,
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    lookup: shuffledLookup,
  });
  let failure: Error | null = null;
  socket.on('connect', () => events.open());
  socket.on('data', (chunk: Buffer) => events.data(chunk));
  socket.on('error', (error) => {
    failure = readable(error);
  });
  // The server ended its side: nothing more can be answered, so the link is over at once.
  socket.on('end', () => socket.destroy());
  socket.on('close', () => events.closed(failure));
  return {
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
    },
    destroy: () => {
      socket.removeAllListeners();
      // An error that is still to come has nobody to tell.
      socket.on('error', () => {});
      // Not `destroySoon`: it would wait, and keep the process alive, for a server that does not read or is not reached.
      socket.destroy();
    },
  };
}

/** The ports of a client on Node's network and clock. */
export const nodePorts: ClientPorts = {
  random: systemRandom,
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  uuid: () => randomUUID(),
  open,
  after(delayMs, run) {
    let immediate: NodeJS.Immediate | null = null;
    // After a stall the timer runs before the sockets are read: what arrived in time must count, so they come first.
    const timer = setTimeout(
      () => {
        immediate = setImmediate(run);
      },
      Math.min(delayMs, 0x7fff_ffff),
    );
    return () => {
      clearTimeout(timer);
      if (immediate !== null) clearImmediate(immediate);
    };
  },
  endOfTurn(run) {
    setImmediate(run);
  },
};
