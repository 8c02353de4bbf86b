import { type ZooKeeperClient, ZooKeeperError } from '../../client/index.ts';

/** Answers by which a server says that it did not try, or cannot tell: asked again, it may. */
const codes: ReadonlySet<string> = new Set([
  'OperationTimeout',
  'RequestTimeout',
  'SessionMoved',
  'ThrottledOp',
]);

const PAUSE_MS = 200;

/** Whether a server has refused something for the moment only. */
export function isBusy(error: unknown): boolean {
  return error instanceof ZooKeeperError && codes.has(error.code);
}

/** Leaves a server in peace for a while. */
export function pause(client: ZooKeeperClient): Promise<void> {
  return new Promise((resolve) => {
    client.ports.after(PAUSE_MS, resolve);
  });
}
