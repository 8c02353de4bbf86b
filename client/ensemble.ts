import dns from 'node:dns/promises';
import { pathFault } from '../wire/path.ts';
import { type ConnectString, parseConnectString } from './hosts.ts';
import type { Endpoint } from './ports.ts';

/** Where the servers of an ensemble are to be found. */
export interface EnsembleProvider {
  /** For errors: `_zookeeper._tcp.example.org`. */
  readonly name: string;
  /** The path that all paths are relative to; empty for none. */
  readonly chroot: string;
  /**
   * The servers as they are now. Asked when the client begins and again whenever each of the servers known has failed, so that a
   * name may change its meaning. One that rejects, or names none, is asked again later; it is no failure of the client.
   */
  servers(): Promise<readonly Endpoint[]>;
}

/** The servers of a connect string. Host names are looked up at every attempt to connect. Throws `TypeError` as `connect` does. */
export function fixedEnsemble(connectString: string): EnsembleProvider & { readonly target: ConnectString } {
  const target = parseConnectString(connectString);
  return {
    name: connectString,
    chroot: target.chroot,
    target,
    servers: () => Promise.resolve(target.endpoints),
  };
}

export interface DnsSrvOptions {
  /** The path that all paths are relative to, as in a connect string. Default none. */
  readonly chroot?: string | undefined;
  /** Looks a service up; default Node's resolver, with the name servers of the system or of `dns.setServers`. */
  readonly resolve?: ((name: string) => Promise<readonly { name: string; port: number }[]>) | undefined;
}

/**
 * The servers that DNS lists for a service (`_zookeeper._tcp.example.org`), as in a Kubernetes headless service. Priorities and
 * weights are not heeded: every server of an ensemble is as good as another. Throws `TypeError` if the chroot is no path.
 */
export function dnsSrvEnsemble(service: string, options: DnsSrvOptions = {}): EnsembleProvider {
  // Named anew at each look-up: `dns.setServers` replaces the function.
  const { resolve = (name: string) => dns.resolveSrv(name) } = options;
  const chroot = options.chroot === undefined || options.chroot === '/' ? '' : options.chroot;
  const fault = chroot === '' ? null : pathFault(chroot);
  if (fault !== null) throw new TypeError(`chroot ${JSON.stringify(chroot)}: ${fault}`);
  return {
    name: service,
    chroot,
    servers: async () =>
      (await resolve(service)).map(({ name, port }) => ({ host: name.replace(/\.$/, ''), port })),
  };
}
