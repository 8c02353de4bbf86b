import { onAbort } from './aborts.ts';
import { ZooKeeperClient } from './client.ts';
import { ConnectError } from './errors.ts';
import { parseConnectString } from './hosts.ts';
import { type ConnectOptions, connectTimeoutOf, settingsOf } from './options.ts';
import type { ClientPorts } from './ports.ts';
import { nodePorts } from './tcp.ts';

/**
 * Opens a session with one of the servers of `host:port,host:port/chroot`, tried in random order until one answers.
 *
 * Rejects with `ConnectError`, which lists why each server could not be used, when that takes longer than `connectTimeoutMs` or
 * the signal aborts; with `AuthFailedError` if credentials are refused; with `TypeError` or `RangeError` if the connect string or
 * an option is not valid. Nothing is left open then.
 */
export async function connect(connectString: string, options: ConnectOptions = {}): Promise<ZooKeeperClient> {
  const target = parseConnectString(connectString);
  const settings = settingsOf(options, target.endpoints.length);
  const timeoutMs = connectTimeoutOf(options);
  const ports = options.ports ?? nodePorts;
  if (options.signal?.aborted === true) throw new ConnectError('aborted', [], options.signal.reason);
  const client = new ZooKeeperClient(target, settings, ports);
  try {
    const auths = (options.auth ?? []).map(({ scheme, auth }) => client.addAuth(scheme, auth));
    const ready = Promise.all([firstConnection(client), ...auths]);
    const usable = options.ensureChroot === true ? ready.then(() => client.ensurePath('/')) : ready;
    await inTime(client, usable, timeoutMs, ports, options.signal);
    return client;
  } catch (error) {
    // Waits for the close, so that nothing of a failed attempt keeps the process alive.
    await client.close();
    throw error;
  }
}

function firstConnection(client: ZooKeeperClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const onState = () => {
      client.off('state', onState).off('end', onEnd);
      resolve();
    };
    const onEnd = (error: Error | null) => reject(error ?? new Error('closed'));
    client.on('state', onState).on('end', onEnd);
  });
}

function inTime(
  client: ZooKeeperClient,
  work: Promise<unknown>,
  timeoutMs: number,
  ports: ClientPorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (detail: string, cause?: unknown) =>
      reject(new ConnectError(detail, client.connection.session.attempts.failures, cause));
    const cancel = ports.after(timeoutMs, () => giveUp(`not connected within ${timeoutMs} ms`));
    const release = signal === undefined ? () => {} : onAbort(signal, () => giveUp('aborted', signal.reason));
    const settled = () => {
      cancel();
      release();
    };
    // Giving up leaves the work to the close that follows.
    work.then(() => resolve(), reject).finally(settled);
  });
}
