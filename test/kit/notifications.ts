import type { ClientPorts } from '../../client/index.ts';
import { nodePorts } from '../../client/tcp.ts';
import { FrameReader } from '../../wire/frame.ts';

/** Ports on Node's network that count the watch notifications which servers send. */
export class NotificationCounter {
  count = 0;
  readonly ports: ClientPorts = {
    ...nodePorts,
    open: (endpoint, events) => {
      const frames = new FrameReader();
      let handshake = true;
      return nodePorts.open(endpoint, {
        ...events,
        data: (chunk) => {
          frames.push(chunk, (bytes, start) => {
            // The first frame of a connection is the answer to the handshake and has no header.
            if (!handshake && bytes.readInt32BE(start) === -1) this.count++;
            handshake = false;
          });
          events.data(chunk);
        },
      });
    },
  };
}
