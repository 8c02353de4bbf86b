/** What may stand in a command: texts, numbers and bytes. */
export type RedisValue = string | number | Buffer;

/** What is needed of a Redis client; ioredis has it. */
export interface RedisScripting {
  eval(script: string, keyCount: number, ...keysAndArguments: RedisValue[]): Promise<unknown>;
  evalsha(sha: string, keyCount: number, ...keysAndArguments: RedisValue[]): Promise<unknown>;
}

/**
 * A script that runs `body` unless a higher token has been seen, and remembers its own: key 1 is the fence, argument 1 the token.
 * The body finds its own keys and arguments in KEYS and ARGV. Answers {1, result} or {0, highest token}. Tokens are zxids below
 * 2^53, which Lua's numbers hold exactly.
 */
export function fencedScript(body: string): string {
  return `local highest = redis.call('GET', KEYS[1])
if highest and tonumber(highest) > tonumber(ARGV[1]) then return {0, highest} end
if not highest or tonumber(highest) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
local keys, arguments = {}, {}
for i = 2, #KEYS do keys[i - 1] = KEYS[i] end
for i = 2, #ARGV do arguments[i - 1] = ARGV[i] end
local function work(KEYS, ARGV)
${body}
end
return {1, (work(keys, arguments))}`;
}

/** Any one command: its name is the first argument, and its keys come before its other arguments. */
export const commandScript: string = fencedScript(`local command = {ARGV[1]}
for i = 1, #KEYS do command[#command + 1] = KEYS[i] end
for i = 2, #ARGV do command[#command + 1] = ARGV[i] end
return redis.call((unpack or table.unpack)(command))`);

/** Nothing but raising the fence. */
export const claimScript: string = fencedScript('return 1');

/** Digests that are kept: scripts are few, unless somebody writes values into their text. */
const DIGESTS_MAX = 1_000;

/** Runs scripts by their digests, as EVALSHA wants them; where Redis does not know one yet, or any more, it gets the text. */
export class Scripts {
  readonly #redis: RedisScripting;
  readonly #digests = new Map<string, string>();

  constructor(redis: RedisScripting) {
    this.#redis = redis;
  }

  async run(script: string, keys: readonly RedisValue[], values: readonly RedisValue[]): Promise<unknown> {
    const digest = await this.#digest(script);
    try {
      return await this.#redis.evalsha(digest, keys.length, ...keys, ...values);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      // Refused before anything ran: this is no repetition.
      return await this.#redis.eval(script, keys.length, ...keys, ...values);
    }
  }

  async #digest(script: string): Promise<string> {
    const known = this.#digests.get(script);
    if (known !== undefined) return known;
    const digest = Buffer.from(await crypto.subtle.digest('SHA-1', Buffer.from(script))).toString('hex');
    if (this.#digests.size < DIGESTS_MAX) this.#digests.set(script, digest);
    return digest;
  }
}
