/** What stands on the quorum port: packets between a learner and its leader, what is inside them, and how a stream is cut into them. */
export * from './quorum-packet.ts';
export * from './quorum-payloads.ts';
export * from './quorum-reader.ts';
