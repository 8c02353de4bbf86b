import type { Answer } from './report.ts';

/** Resources that remember the newest token that wrote to them and refuse older ones. */
export class Fence {
  readonly #newest = new Map<string, number>();
  /** Tokens of accepted writes, in order; a token that wrote several times in a row is there once. */
  readonly #accepted = new Map<string, number[]>();
  refused = 0;

  write(resource: string, token: number): Answer {
    const newest = this.#newest.get(resource) ?? 0;
    if (token < newest) {
      this.refused++;
      return 'stale';
    }
    this.#newest.set(resource, token);
    const accepted = this.#accepted.get(resource) ?? [];
    if (accepted.at(-1) !== token) accepted.push(token);
    this.#accepted.set(resource, accepted);
    return 'ok';
  }

  /** Resources that let an older token in after a newer one. */
  judge(): string[] {
    return [...this.#accepted].flatMap(([resource, tokens]) => judgeOrder(resource, tokens));
  }
}

export function judgeOrder(resource: string, tokens: readonly number[]): string[] {
  return tokens.flatMap((token, i) =>
    token < (tokens[i - 1] ?? 0)
      ? [`${resource}: a write with token ${token} came after ${tokens[i - 1]}`]
      : [],
  );
}
