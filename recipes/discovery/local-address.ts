import { networkInterfaces } from 'node:os';

/** The first address of this machine that others could reach, as Curator chooses it; the loopback one if there is no other. */
export function localAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = addresses.filter(
    ({ internal, family, address }) => !internal && !isLinkLocal(family, address),
  );
  const first = reachable.find(({ family }) => family === 'IPv4') ?? reachable[0];
  return first?.address ?? '127.0.0.1';
}

function isLinkLocal(family: string, address: string): boolean {
  return family === 'IPv4' ? address.startsWith('169.254.') : /^fe[89ab]/i.test(address);
}
