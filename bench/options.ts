import { Command, InvalidArgumentError } from 'commander';

/** What one connection asks for, as load.c and load/node-load.ts name it. */
export const OPERATIONS = ['get', 'exists', 'children', 'set', 'create', 'mixed'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One of each kind: a read, a write, both. Filling a server covers create. */
const QUICK_OPERATIONS = ['get', 'set', 'mixed'] as const;

/** Parts of the benchmark beside the operations; the last one is of ensembles. */
export const PARTS = ['start', 'memory', 'snapshot', 'failover'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  /** Three servers of a kind, in place of one. */
  readonly ensemble: boolean;
  /** What a release of a lock costs those who wait, in place of servers. */
  readonly herd: boolean;
  /** Recipes beside Curator's, in place of servers. */
  readonly recipes: boolean;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly rounds: number;
  readonly outstanding: readonly number[];
  readonly connections: number;
  readonly znodes: number;
  /** How often an ensemble loses its leader. */
  readonly kills: number;
  readonly operations: readonly Operation[];
  readonly parts: readonly Part[];
  /** Where the servers keep their data. */
  readonly directory: string | null;
  readonly markdown: string | null;
  readonly quick: boolean;
}

interface ParsedOptions {
  ensemble?: true;
  herd?: true;
  recipes?: true;
  seconds: number;
  warmup: number;
  rounds: number;
  outstanding: number[];
  connections?: number;
  znodes: number;
  kills: number;
  only?: string[];
  dir?: string;
  markdown?: string;
  quick?: true;
}

/** Reads the command line; prints help or a mistake and ends the process where there is nothing to run. */
export function readOptions(args: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Compares zookit with Apache ZooKeeper on this machine, data on disk and fsync on in both.')
    .option('--ensemble', 'three servers of each, and the death of their leader')
    .option(
      '--herd',
      'what a release of a lock costs those who wait; writes docs/recipes/herd.md and herd.svg',
    )
    .option('--recipes', 'lock, queue and counter beside those of Java Curator')
    .option('--seconds <n>', 'measured seconds a point', positive, 4)
    .option('--warmup <n>', 'seconds before that which do not count', positive, 3)
    .option('--rounds <n>', 'times that each point is measured, the servers taking turns', whole, 3)
    .option('--outstanding <list>', 'requests that a connection keeps under way', wholes, [16, 1])
    .option('--connections <n>', 'connections; 32 to one server, 30 to three', whole)
    .option('--znodes <n>', 'znodes for memory and snapshot', whole, 1_000_000)
    .option('--kills <n>', 'leaders that are killed', whole, 20)
    .option('--only <list>', `some of ${[...OPERATIONS, ...PARTS].join(', ')}`, names)
    .option('--dir <directory>', 'where the servers keep their data; else a temporary directory')
    .option('--markdown <file>', 'write the tables to this file too')
    .option('--quick', 'everything once and briefly: whether it works, not how fast it is');
  const parsed = command.parse(args, { from: 'user' }).opts<ParsedOptions>();
  const chosen = (name: string): boolean => parsed.only === undefined || parsed.only.includes(name);
  const quick = parsed.quick === true;
  const ensemble = parsed.ensemble === true;
  return {
    ensemble,
    herd: parsed.herd === true,
    recipes: parsed.recipes === true,
    seconds: quick ? 0.2 : parsed.seconds,
    warmupSeconds: quick ? 0.1 : parsed.warmup,
    rounds: quick ? 1 : parsed.rounds,
    outstanding: quick ? [16] : parsed.outstanding,
    connections: quick ? 9 : (parsed.connections ?? (ensemble ? 30 : 32)),
    znodes: quick ? 10_000 : parsed.znodes,
    kills: quick ? 2 : parsed.kills,
    operations: (quick && parsed.only === undefined ? QUICK_OPERATIONS : OPERATIONS).filter(chosen),
    parts: PARTS.filter(chosen),
    directory: parsed.dir ?? null,
    markdown: parsed.markdown ?? null,
    quick,
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
}

function wholes(text: string): number[] {
  return text.split(',').map(whole);
}

function names(text: string): string[] {
  const known: readonly string[] = [...OPERATIONS, ...PARTS];
  const list = text.split(',');
  const wrong = list.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`'${wrong}' is none of ${known.join(', ')}.`);
  return list;
}
