import type { SimulatedMember } from './member.ts';

/** Wherever a server that serves clients stands after a turn, its tree is that of every other one that stood there. */
export class DigestRecorder {
  readonly #byZxid = new Map<number, { readonly digest: bigint; readonly server: number }>();
  readonly #lastLooked = new Map<number, number>();

  /** Returns what is wrong, in words. */
  look(member: SimulatedMember): string | null {
    if (!member.isServing) return null;
    const { id, tree } = member;
    const zxid = tree.lastProcessedZxid;
    if (this.#lastLooked.get(id) === zxid) return null;
    this.#lastLooked.set(id, zxid);
    const digest = tree.digest.toBigInt();
    const known = this.#byZxid.get(zxid);
    if (known === undefined) this.#byZxid.set(zxid, { digest, server: id });
    else if (known.digest !== digest) {
      return `servers ${known.server} and ${id} differ at 0x${zxid.toString(16)}`;
    }
    return null;
  }
}
