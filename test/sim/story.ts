import { epochOf } from '../../wire/ids.ts';
import { SIMULATED_CONFIG } from '../kit/simulated-server.ts';
import type { ClusterOptions } from './cluster.ts';
import type { SimulatedMember } from './member.ts';
import { StoryCluster } from './story-cluster.ts';
import { expectSo, filesOf, pathsOf } from './story-expect.ts';
import { zxidText } from './story-words.ts';

type Words = readonly string[];
type Carry = (story: StoryCluster, words: Words) => void;

/** The value behind a word such as `observers`; undefined where the word is not there. */
function option(words: Words, name: string): string | undefined {
  const at = words.indexOf(name);
  if (at === -1) return undefined;
  const value = words[at + 1];
  if (value === undefined) throw new Error(`${name} needs a value`);
  return value;
}

function natural(word: string | undefined, what: string): number {
  if (word === undefined || !/^\d+$/.test(word)) throw new Error(`${word ?? 'nothing'} is no ${what}`);
  return Number(word);
}

const server = (word: string | undefined): number => natural(word, 'server');

/** `1 2 | 3` */
function sides(words: Words): number[][] {
  return words
    .join(' ')
    .split('|')
    .map((side) => side.trim().split(/\s+/).map(server));
}

/** `1 > 2` */
function way(words: Words): [from: number, to: number] {
  if (words.length !== 3 || words[1] !== '>') throw new Error(`${words.join(' ')} is no way such as 1 > 2`);
  return [server(words[0]), server(words[2])];
}

/** Log files are sent to learners however long they are beside the snapshot. */
const LOG_SYNC = { ensemble: { ...SIMULATED_CONFIG.ensemble, snapshotSizeFactor: 0 } };

function optionsOf(words: Words): Omit<ClusterOptions, 'trace' | 'logger'> {
  const groups = option(words, 'groups');
  const commitLog = option(words, 'commit-log');
  return {
    voters: natural(words[0], 'number of servers'),
    observers: Number(option(words, 'observers') ?? 0),
    ...(groups === undefined
      ? {}
      : { groups: groups.split('|').map((group) => group.split(',').map(server)) }),
    ...(commitLog === undefined ? {} : { committedCount: Number(commitLog) }),
    ...(words.includes('log-sync') ? { config: LOG_SYNC } : {}),
    isDown: words.includes('cold'),
    isEachPacketAlone: true,
  };
}

/** A command that does the same with each server that it names. */
function each(act: (member: SimulatedMember) => void): Carry {
  return ({ cluster }, words) => {
    if (words.length === 0) throw new Error('which server?');
    for (const word of words) act(cluster.member(server(word)));
  };
}

/** What happens to servers and to what is between them. */
const events: Readonly<Record<string, Carry>> = {
  start: each((member) => member.start()),
  kill: each((member) => member.crash({ isKill: true })),
  crash: each((member) => member.crash()),
  vanish: each((member) => member.crash({ isSilent: true })),
  stall: each(({ machine }) => machine.stall()),
  resume: each(({ machine }) => machine.resume()),
  'slow-disk': each(({ disk }) => disk.setSlow(true)),
  'fast-disk': each(({ disk }) => disk.setSlow(false)),
  partition: ({ cluster }, words) => cluster.partition(sides(words), 'lose'),
  'one-way': ({ cluster }, words) => {
    // Nothing passes in the other direction.
    const [from, to] = way(words);
    cluster.blockWay(to, from, 'lose');
  },
  hold: ({ cluster }, words) => cluster.blockWay(...way(words), 'keep'),
  release: ({ cluster }, words) => cluster.unblockWay(...way(words)),
  cut: ({ cluster }, words) => cluster.cut(server(words[0]), server(words[1])),
  heal: ({ cluster }) => cluster.heal(),
  'crash-at-change': ({ cluster }, words) =>
    cluster.member(server(words[0])).crashAtChange(natural(words[1], 'number of changes')),
  'fail-log': (story, words) => story.failDisk(server(words[0]), 'write', /\/log\./),
  'fail-epoch': (story, words) => story.failDisk(server(words[0]), 'rename', /Epoch/),
  'spend-zxids': ({ cluster }, words) => spendZxids(cluster.member(server(words[0])).leading),
};

/** The leader's counter stands at its end, as after four billion transactions. */
function spendZxids(leading: { readonly service: { readonly path: unknown } | null } | null): void {
  const path = leading?.service?.path as { readonly broadcast: object } | undefined;
  if (path === undefined) throw new Error('only a leader that serves has zxids to spend');
  const { broadcast } = path;
  const { lastProposed } = broadcast as { readonly lastProposed: number };
  const value = epochOf(lastProposed) * 2 ** 32 + 0xffff_ffff;
  Object.defineProperty(broadcast, 'lastProposed', { value });
}

/** What clients do. The first word names the session, or the server whose client it is. */
const requests: Readonly<Record<string, Carry>> = {
  session: (story, words) => {
    const timeout = option(words, 'timeout');
    story.openSession(
      words[0]!,
      server(option(words, 'at')),
      timeout === undefined ? undefined : Number(timeout),
    );
  },
  create: (story, [name, path, ...rest]) =>
    story.session(name!).create(path!, {
      isEphemeral: rest.includes('ephemeral'),
      isSequential: rest.includes('sequential'),
    }),
  set: (story, [name, path, data, version]) =>
    story.session(name!).set(path!, data!, version === undefined ? -1 : Number(version)),
  delete: (story, [name, path]) => story.session(name!).delete(path!),
  get: (story, [name, path, ...rest]) => story.session(name!).get(path!, rest.includes('watch')),
  exists: (story, [name, path, ...rest]) => story.session(name!).exists(path!, rest.includes('watch')),
  children: (story, [name, path, ...rest]) => story.session(name!).children(path!, rest.includes('watch')),
  watch: (story, [name, path]) => story.session(name!).watch(path!),
  rearm: (story, [name, ...paths]) => story.session(name!).rearm(paths),
  sync: (story, [name, path]) => story.session(name!).sync(path ?? '/'),
  multi: (story, [name, ...paths]) => story.session(name!).multi(paths),
  close: (story, [name]) => story.session(name!).close(),
  drop: (story, [name]) => story.session(name!).drop(),
  move: (story, [name, to]) => story.session(name!).move(story.cluster.member(server(to))),
  silent: (story, [name]) => {
    story.session(name!).isSilent = true;
  },
};

/** Time, and what is looked at. */
const looks: Readonly<Record<string, Carry>> = {
  settle: (story) => story.settle(),
  tick: (story, words) => story.advance(natural(words[0], 'number of milliseconds')),
  until: (story, words) => story.until(words.join(' ')),
  show: (story, words) => story.show(shown(words[0]), true),
  hide: (story, words) => story.show(shown(words[0]), false),
  roles: (story) => {
    for (const { id, member, tree, isServing } of story.cluster.members) {
      const mode = member?.mode ?? 'down';
      story.say(
        `${id} ${mode}${isServing ? ', serves clients' : ''}, last ${zxidText(tree.lastProcessedZxid)}`,
      );
    }
  },
  tree: (story, words) => story.say(pathsOf(story.cluster.member(server(words[0])).tree).join(' ')),
  disk: (story, words) => {
    for (const line of filesOf(story.cluster.member(server(words[0])).files)) story.say(line);
  },
  sessions: (story, words) => {
    const { tree } = story.cluster.member(server(words[0]));
    for (const session of story.sessions.values()) {
      if (tree.sessions.has(session.sessionId)) story.say(session.name);
    }
  },
  expect: ({ cluster }, words) => expectSo(cluster, words),
};

function shown(word: string | undefined): 'votes' | 'pings' {
  if (word === 'votes' || word === 'pings') return word;
  throw new Error(`${word} cannot be shown: votes or pings can`);
}

/** Carries out the commands of one story, which begins with its cluster. */
export class StoryRun {
  #story: StoryCluster | null = null;

  /** What comes of it, line by line. Throws where the command cannot be read, or what it expects is not so. */
  carryOut(text: string): string[] {
    const [command = '', ...words] = text.trim().split(/\s+/);
    if (command === 'cluster') return this.#begin(words);
    const story = this.#story;
    if (story === null) throw new Error('a story begins with its cluster: "cluster 3"');
    const carry = events[command] ?? requests[command] ?? looks[command];
    if (carry === undefined) throw new Error(`there is no command ${command}`);
    carry(story, words);
    story.hearClients();
    return story.takeLines();
  }

  /** Servers that are up from the start begin unseen. */
  #begin(words: Words): string[] {
    if (this.#story !== null) throw new Error('a story has one cluster');
    const story = new StoryCluster(optionsOf(words));
    this.#story = story;
    if (words.includes('cold')) return [];
    const { cluster } = story;
    cluster.until('all serving', () => cluster.areAllServing);
    story.settle();
    story.takeLines();
    looks.roles!(story, []);
    return story.takeLines();
  }
}
