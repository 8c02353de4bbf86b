import type { ClientPorts } from '../../client/index.ts';
import { nodePorts } from '../../client/tcp.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ReservedXid } from '../../wire/ids.ts';
import { OpCode } from '../../wire/opcodes.ts';

/** Ports on Node's network that count watch events received and requests sent by all clients that use them. */
export class Traffic {
  events = 0;
  /** Without pings and syncs, which keep a client alive and tell that it is at rest. */
  requests = 0;
  readonly ports: ClientPorts = {
    ...nodePorts,
    open: (endpoint, events) => {
      const received = headers((xid) => {
        if (xid === ReservedXid.notification) this.events++;
      });
      const sent = headers((xid, second) => {
        if (xid > 0 && second !== OpCode.sync) this.requests++;
      });
      const link = nodePorts.open(endpoint, {
        ...events,
        data: (chunk) => {
          received(chunk);
          events.data(chunk);
        },
      });
      return {
        write: (bytes) => {
          sent(Buffer.from(bytes));
          link.write(bytes);
        },
        destroy: () => link.destroy(),
      };
    },
  };

  reset(): void {
    this.events = 0;
    this.requests = 0;
  }
}

/** Reads the first two ints of every frame but the first, which is the handshake. */
function headers(frame: (xid: number, second: number) => void): (chunk: Buffer) => void {
  const frames = new FrameReader();
  let handshake = true;
  return (chunk) =>
    frames.push(chunk, (bytes, start) => {
      if (!handshake) frame(bytes.readInt32BE(start), bytes.readInt32BE(start + 4));
      handshake = false;
    });
}
