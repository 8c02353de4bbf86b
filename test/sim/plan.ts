import type { Rng } from '../kit/seed.ts';

/** What a client is to ask for; what it depends on is filled in when its time comes. */
export type PlannedOp =
  | {
      readonly type: 'create';
      readonly path: string;
      readonly ephemeral: boolean;
      readonly sequential: boolean;
    }
  /** Nodes that come and go by themselves, outside of what the history is judged by. */
  | { readonly type: 'createContainer' | 'createTtl'; readonly path: string }
  | { readonly type: 'set' | 'delete' | 'check'; readonly path: string; readonly isVersioned: boolean }
  | { readonly type: 'get' | 'exists' | 'children'; readonly path: string; readonly watch: boolean }
  | { readonly type: 'addWatch'; readonly path: string; readonly isRecursive: boolean }
  | { readonly type: 'sync'; readonly path: string }
  | { readonly type: 'multi'; readonly parts: readonly PlannedOp[] };

/** One thing that is done to a run, and when. Servers and clients are numbers. */
export type Step = { readonly atMs: number } & (
  | { readonly kind: 'crash'; readonly server: number; readonly isKill: boolean; readonly isSilent: boolean }
  | { readonly kind: 'crash at change'; readonly server: number; readonly after: number }
  | { readonly kind: 'start' | 'stall' | 'resume' | 'slow disk' | 'fast disk'; readonly server: number }
  | {
      readonly kind: 'block';
      readonly ways: readonly (readonly [from: number, to: number])[];
      readonly mode: 'keep' | 'lose';
    }
  | { readonly kind: 'heal' }
  | { readonly kind: 'cut'; readonly one: number; readonly other: number }
  | { readonly kind: 'slow way'; readonly from: number; readonly to: number; readonly extraMs: number }
  | { readonly kind: 'drift'; readonly server: number; readonly rate: number }
  | { readonly kind: 'skew'; readonly server: number; readonly skewMs: number }
  /** Connects first where there is no connection, to this server. */
  | { readonly kind: 'ask'; readonly client: number; readonly server: number; readonly op: PlannedOp }
  | { readonly kind: 'move'; readonly client: number; readonly server: number; readonly isDropped: boolean }
  | { readonly kind: 'drop' | 'close' | 'silence'; readonly client: number }
);

export interface RunOptions {
  readonly voters: number;
  readonly observers: number;
  readonly groups: readonly (readonly number[])[] | null;
  readonly clients: number;
  readonly committedCount: number;
  readonly snapCount: number;
  readonly sessionTimeoutMs: number;
  /** Longest delays, drawn for each message and each step of a disk. */
  readonly networkMs: number;
  readonly diskMs: number;
  /** How many of a hundred take that long; the others take next to nothing. */
  readonly slowPercent: number;
  /** What each write carries beside its name: enough of it, and trees take several turns to be sent or saved. */
  readonly dataBytes: number;
  readonly stormMs: number;
}

/** A run: what it is made of, what happens in it, and the seed of everything else. */
export interface Plan {
  readonly seed: number;
  readonly options: RunOptions;
  readonly steps: readonly Step[];
}

/** How often each kind of fault is drawn, and how many faults there are in all, to the second. */
export interface Profile {
  readonly faultsPerSecond: number;
  readonly opsPerSecond: number;
  readonly weights: Readonly<Record<FaultKind, number>>;
  /** How often a client goes to another server, beside 180 requests. */
  readonly moveWeight?: number;
  readonly options?: Partial<RunOptions>;
}

const faultKinds = [
  'crash',
  'crash all',
  'crash at change',
  'stall',
  'slow disk',
  'partition',
  'one-way',
  'cut',
  'slow way',
  'drift',
  'skew',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const PARENTS = ['/a', '/b'];
const NAMES = ['x', 'y', 'z'];

/** The plan of a seed. */
export function drawPlan(rng: Rng, profile: Profile): Plan {
  const { seed } = rng;
  const options = { ...drawOptions(rng), ...profile.options };
  const steps: Step[] = [];
  const { stormMs } = options;
  const faults = Math.round((stormMs / 1000) * profile.faultsPerSecond);
  for (let i = 0; i < faults; i++) steps.push(...drawFault(rng, options, profile));
  const ops = Math.round((stormMs / 1000) * profile.opsPerSecond);
  for (let i = 0; i < ops; i++) steps.push(drawClientStep(rng, options, profile));
  steps.sort((a, b) => a.atMs - b.atMs);
  return { seed, options, steps };
}

function drawOptions(rng: Rng): RunOptions {
  const voters = rng.pick([3, 3, 3, 4, 5, 5, 6, 7]);
  const groups =
    voters === 6 && rng.chance(50)
      ? [
          [1, 2, 3],
          [4, 5, 6],
        ]
      : null;
  return {
    voters,
    observers: rng.pick([0, 0, 1, 2]),
    groups,
    clients: rng.between(2, 5),
    committedCount: rng.pick([3, 20, 500]),
    snapCount: rng.pick([10, 40, 1000]),
    sessionTimeoutMs: rng.pick([1_500, 3_000, 8_000]),
    networkMs: rng.pick([2, 10, 60]),
    diskMs: rng.pick([2, 10, 60]),
    slowPercent: rng.pick([5, 10, 50]),
    dataBytes: rng.chance(8) ? 50_000 : 0,
    stormMs: rng.between(3_000, 10_000),
  };
}

const sizeOf = ({ voters, observers }: RunOptions): number => voters + observers;

function drawFault(rng: Rng, options: RunOptions, { weights }: Profile): Step[] {
  const kind = rng.weighted(weights);
  const atMs = rng.below(options.stormMs);
  const server = rng.between(1, sizeOf(options));
  const untilMs = atMs + (rng.chance(50) ? rng.below(300) : rng.below(6_000));
  const other = ((server + rng.below(sizeOf(options) - 1)) % sizeOf(options)) + 1;
  switch (kind) {
    case 'crash': {
      const crash = { kind, isKill: rng.chance(30), isSilent: rng.chance(20) } as const;
      return [
        { atMs, server, ...crash },
        { atMs: untilMs, kind: 'start', server },
      ];
    }
    case 'crash all':
      return crashAll(rng, options, atMs);
    case 'crash at change':
      if (rng.chance(30)) {
        return [
          { atMs, kind: 'crash', server, isKill: false, isSilent: false },
          { atMs: atMs + 1, kind, server, after: rng.below(12) },
          { atMs: atMs + 20, kind: 'start', server },
          { atMs: untilMs + 200, kind: 'start', server },
        ];
      }
      return [
        { atMs, kind, server, after: rng.below(30) },
        { atMs: untilMs + 200, kind: 'start', server },
      ];
    case 'stall':
      return [
        { atMs, kind, server },
        { atMs: untilMs, kind: 'resume', server },
      ];
    case 'slow disk':
      return [
        { atMs, kind, server },
        { atMs: untilMs, kind: 'fast disk', server },
      ];
    case 'partition':
      return [drawPartition(rng, options, atMs), { atMs: untilMs, kind: 'heal' }];
    case 'one-way':
      return [
        { atMs, kind: 'block', ways: [[server, other]], mode: rng.pick(['keep', 'lose']) },
        { atMs: untilMs, kind: 'heal' },
      ];
    case 'cut':
      return [{ atMs, kind, one: server, other }];
    case 'slow way':
      return [
        { atMs, kind, from: server, to: other, extraMs: rng.pick([20, 200, 1_500]) },
        { atMs: untilMs, kind: 'heal' },
      ];
    case 'drift':
      return [{ atMs, kind, server, rate: rng.pick([0.95, 0.99, 1.01, 1.05]) }];
    case 'skew':
      return [{ atMs, kind, server, skewMs: rng.pick([-3_600_000, -500, 500, 3_600_000]) }];
  }
}

/** Power goes in the whole room, or for a majority of it. */
function crashAll(rng: Rng, options: RunOptions, atMs: number): Step[] {
  const count = sizeOf(options);
  const isWhole = rng.chance(50);
  const steps: Step[] = [];
  for (let server = 1; server <= count; server++) {
    if (!isWhole && rng.chance(40)) continue;
    const startMs = atMs + rng.between(20, rng.pick([100, 800, 3_000]));
    steps.push({ atMs, kind: 'crash', server, isKill: false, isSilent: false });
    steps.push({ atMs: startMs, kind: 'start', server });
  }
  return steps;
}

function drawPartition(rng: Rng, options: RunOptions, atMs: number): Step {
  const sides = Array.from({ length: sizeOf(options) }, () => rng.below(rng.chance(80) ? 2 : 3));
  const ways: [number, number][] = [];
  for (const [i, side] of sides.entries()) {
    for (const [j, other] of sides.entries()) if (side !== other) ways.push([i + 1, j + 1]);
  }
  return { atMs, kind: 'block', ways, mode: rng.pick(['keep', 'lose']) };
}

function drawClientStep(rng: Rng, options: RunOptions, { moveWeight }: Profile): Step {
  const atMs = rng.below(options.stormMs);
  const client = rng.below(options.clients);
  const server = rng.between(1, sizeOf(options));
  const kind = rng.weighted({ ask: 180, move: moveWeight ?? 10, drop: 4, close: 2, silence: 1 });
  switch (kind) {
    case 'ask':
      return { atMs, kind, client, server, op: drawOp(rng) };
    case 'move':
      return { atMs, kind, client, server, isDropped: rng.chance(50) };
    default:
      return { atMs, kind, client };
  }
}

function drawPath(rng: Rng): string {
  const parent = rng.pick(PARENTS);
  return rng.chance(15) ? parent : `${parent}/${rng.pick(NAMES)}`;
}

function drawWrite(rng: Rng): PlannedOp {
  const path = drawPath(rng);
  switch (rng.weighted({ create: 50, set: 30, delete: 20 })) {
    case 'create':
      return { type: 'create', path, ephemeral: rng.chance(35), sequential: rng.chance(15) };
    case 'set':
      return { type: 'set', path, isVersioned: rng.chance(30) };
    case 'delete':
      return { type: 'delete', path, isVersioned: rng.chance(20) };
  }
}

/** What parts of a multi do to the same node cannot be told apart afterwards. */
function isOnlyOne(part: PlannedOp, before: readonly PlannedOp[]): boolean {
  const path = (op: PlannedOp): string => (op.type === 'multi' ? '' : op.path);
  if (part.type === 'create' && part.sequential) return false;
  return before.every((other) => path(other) !== path(part));
}

function drawOp(rng: Rng): PlannedOp {
  switch (
    rng.weighted({ write: 48, multi: 8, get: 15, exists: 8, children: 9, sync: 5, addWatch: 3, special: 4 })
  ) {
    case 'write':
      return drawWrite(rng);
    case 'multi': {
      const parts = Array.from({ length: rng.between(1, 3) }, () =>
        rng.chance(20)
          ? ({ type: 'check', path: drawPath(rng), isVersioned: false } as const)
          : drawWrite(rng),
      );
      return { type: 'multi', parts: parts.filter((part, i) => isOnlyOne(part, parts.slice(0, i))) };
    }
    case 'get':
      return { type: 'get', path: drawPath(rng), watch: rng.chance(30) };
    case 'exists':
      return { type: 'exists', path: drawPath(rng), watch: rng.chance(40) };
    case 'children':
      return { type: 'children', path: rng.pick(PARENTS), watch: rng.chance(40) };
    case 'sync':
      return { type: 'sync', path: '/' };
    case 'addWatch':
      return { type: 'addWatch', path: drawPath(rng), isRecursive: rng.chance(50) };
    case 'special':
      return {
        type: rng.pick(['createContainer', 'createTtl'] as const),
        path: `/t/${rng.pick(NAMES)}`,
      };
  }
}
