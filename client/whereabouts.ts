import { parseEnsemble } from '../wire/ensemble-config.ts';
import { WireFault } from '../wire/fault.ts';
import { isWildcardHost } from '../wire/host-port.ts';
import type { Attempts } from './attempts.ts';
import type { ClientContext } from './context.ts';
import type { EnsembleProvider } from './ensemble.ts';
import { ConnectionLossError, SessionExpiredError } from './errors.ts';
import type { Endpoint } from './ports.ts';
import { getPlain } from './reads.ts';
import type { WatchEvent } from './watches.ts';

/** Where the ensemble writes who belongs to it. */
const CONFIG_NODE = '/zookeeper/config';

/**
 * Where clients connect to, by the text of `/zookeeper/config`: the client address of each member, or its quorum address where that
 * stands for every address of its machine. Members that name no client port are left out; null for a text that cannot be read.
 */
export function clientEndpoints(text: string): Endpoint[] | null {
  try {
    return parseEnsemble(text).servers.flatMap(({ clientAddress, addresses }) => {
      if (clientAddress === null) return [];
      const { host, port } = clientAddress;
      const reachable = host === null || isWildcardHost(host) ? addresses[0]?.host : host;
      return reachable === undefined ? [] : [{ host: reachable, port }];
    });
  } catch (error) {
    if (error instanceof WireFault) return null;
    throw error;
  }
}

/**
 * Keeps a client's list of servers up to date: from its provider whenever every known server has failed, and, if it follows the
 * ensemble's configuration, from there at once. When all members named there have failed the provider's are tried too: the
 * configuration may name addresses that cannot be reached from here.
 */
export class Whereabouts {
  readonly #provider: EnsembleProvider;
  readonly #followsConfig: boolean;
  #members: readonly Endpoint[] = [];
  #asking = false;

  constructor(provider: EnsembleProvider, followsConfig: boolean) {
    this.#provider = provider;
    this.#followsConfig = followsConfig;
  }

  /** The client has begun; the configuration is read once there is a session. */
  begin(context: ClientContext): void {
    if (this.#followsConfig) this.#look(context.whole());
  }

  /** Every known server has failed. */
  refresh(attempts: Attempts): void {
    if (this.#asking) return;
    this.#asking = true;
    Promise.resolve()
      .then(() => this.#provider.servers())
      // Nobody knows more at present; the list stays as it is.
      .catch(() => [])
      .then((servers) => {
        this.#asking = false;
        // A server that both name counts once.
        if (servers.length > 0) attempts.update([...this.#members, ...servers]);
      });
  }

  #look(whole: ClientContext): void {
    const watch = (event: WatchEvent): void => {
      // Also where somebody removed all watches of the node: this one is not theirs.
      if (event.type !== 'ended' || event.reason !== 'closed') this.#look(whole);
    };
    getPlain(whole, CONFIG_NODE, { watch }).then(
      ({ data }) => this.#take(whole, data?.toString() ?? ''),
      (error: unknown) => {
        // Each read waits for a connection, so this cannot spin. Servers before 3.5 have no such node, and some do not show it.
        const again = error instanceof ConnectionLossError || error instanceof SessionExpiredError;
        if (again && !whole.connection.session.ended) this.#look(whole);
      },
    );
  }

  #take(whole: ClientContext, text: string): void {
    const members = clientEndpoints(text);
    if (members === null || members.length === 0) return;
    this.#members = members;
    whole.connection.session.attempts.update(members);
  }
}
