/** Translates between the paths that callers use and those on the server, which lie below a chroot (empty for none). */
export class Chroot {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  toServer(path: string): string {
    if (this.prefix === '') return path;
    return path === '/' ? this.prefix : this.prefix + path;
  }

  /** The caller's path of a server path; one outside the chroot, which a server has no reason to send, stays as it is. */
  toClient(path: string): string {
    const prefix = this.prefix;
    if (prefix === '') return path;
    if (path === prefix) return '/';
    return this.contains(path) ? path.slice(prefix.length) : path;
  }

  contains(path: string): boolean {
    const prefix = this.prefix;
    return path === prefix || (path.startsWith(prefix) && path.charCodeAt(prefix.length) === 0x2f);
  }
}
