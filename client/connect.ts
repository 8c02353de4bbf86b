import { onAbort } from './aborts.ts';
import { ZooKeeperClient } from './client.ts';
import { type EnsembleProvider, fixedEnsemble } from './ensemble.ts';
import { ConnectError } from './errors.ts';
import { waitFor } from './guaranteed.ts';
import type { ConnectString } from './hosts.ts';
import { behaviourOf, type ConnectOptions, connectTimeoutOf, portsOf, settingsOf } from './options.ts';
import type { ClientPorts } from './ports.ts';
import { exponentialBackoff } from './retry-policies.ts';
import { retry } from './retrying.ts';
import { SharedSession } from './shared-session.ts';
import { Whereabouts } from './whereabouts.ts';

/**
 * Opens a session with one of the servers of `host:port,host:port/chroot`, or of an ensemble provider, tried in random order until
 * one answers.
 *
 * Rejects with `ConnectError`, which lists why each server could not be used, when that takes longer than `connectTimeoutMs` or
 * the signal aborts; with `AuthFailedError` if credentials are refused; with `TypeError` or `RangeError` if the connect string or
 * an option is not valid. Nothing is left open then.
 */
export async function connect(
  ensemble: string | EnsembleProvider,
  options: ConnectOptions = {},
): Promise<ZooKeeperClient> {
  const provider = typeof ensemble === 'string' ? fixedEnsemble(ensemble) : ensemble;
  const behaviour = behaviourOf(options);
  const connectTimeoutMs = connectTimeoutOf(options);
  const ports = portsOf(options);
  settingsOf(options, 1);
  if (options.signal?.aborted === true) throw new ConnectError('aborted', [], options.signal.reason);
  const begunMs = ports.monotonicMs();
  const target = await firstServers(provider, ports, connectTimeoutMs, options.signal);
  const settings = settingsOf(options, target.endpoints.length);
  const timeoutMs = Math.max(0, connectTimeoutMs - (ports.monotonicMs() - begunMs));
  const whereabouts = new Whereabouts(provider, options.followConfig ?? false);
  const client = new ZooKeeperClient(new SharedSession(target, settings, ports, behaviour, whereabouts));
  try {
    const auths = (options.auth ?? []).map(({ scheme, auth }) => client.addAuth(scheme, auth));
    const ready = Promise.all([firstConnection(client), ...auths]);
    const usable = options.ensureChroot === true ? ready.then(() => client.ensurePath('/')) : ready;
    await inTime(client, usable, { timeoutMs, connectTimeoutMs }, ports, options.signal);
    return client;
  } catch (error) {
    // Waits for the close, so that nothing of a failed attempt keeps the process alive.
    await client.close();
    throw error;
  }
}

/** The servers to begin with: a provider that fails, or names none, is asked again until the time is over. */
async function firstServers(
  provider: EnsembleProvider & { readonly target?: ConnectString },
  ports: ClientPorts,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ConnectString> {
  if (provider.target !== undefined) return provider.target;
  const stop = new AbortController();
  const release = signal === undefined ? () => {} : onAbort(signal, () => stop.abort(signal.reason));
  const cancel = ports.after(timeoutMs, () => stop.abort());
  let cause = new Error('it has not answered');
  try {
    const endpoints = await retry(
      exponentialBackoff(),
      async () => {
        const found = await waitFor(provider.servers(), stop.signal);
        if (found.length === 0) throw new Error('it names no server');
        return found;
      },
      {
        ports,
        signal: stop.signal,
        retryable: (error) => {
          if (error instanceof Error) cause = error;
          return true;
        },
      },
    );
    return { endpoints, chroot: provider.chroot };
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    const failures = [{ server: provider.name, error: cause }];
    if (signal?.aborted === true) throw new ConnectError('aborted', failures, signal.reason);
    throw new ConnectError(`no server known within ${timeoutMs} ms`, failures, cause);
  } finally {
    cancel();
    release();
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
  { timeoutMs, connectTimeoutMs }: { readonly timeoutMs: number; readonly connectTimeoutMs: number },
  ports: ClientPorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (detail: string, cause?: unknown) =>
      reject(new ConnectError(detail, client.connection.session.attempts.failures, cause));
    const cancel = ports.after(timeoutMs, () => giveUp(`not connected within ${connectTimeoutMs} ms`));
    const release = signal === undefined ? () => {} : onAbort(signal, () => giveUp('aborted', signal.reason));
    const settled = () => {
      cancel();
      release();
    };
    // Giving up leaves the work to the close that follows.
    work.then(() => resolve(), reject).finally(settled);
  });
}
