import type { ZooKeeperClient } from '../../../client/index.ts';
import { eventually } from '../../kit/processes.ts';

/** What happens to one process while it uses a recipe. */
export const faults = {
  connection: 'its connection is lost and comes back',
  server: 'its server goes and it moves to another one',
  session: 'its session is lost',
  node: 'its nodes are deleted under it',
  death: 'it is killed',
} as const;

export type Fault = keyof typeof faults;

/** Somebody who takes part: a client, and the handles that are closed in reverse order when the scene is over. */
export class Actor {
  readonly client: ZooKeeperClient;
  readonly #handles: AsyncDisposable[] = [];

  constructor(client: ZooKeeperClient) {
    this.client = client;
  }

  use<T extends AsyncDisposable>(handle: T): T {
    this.#handles.push(handle);
    return handle;
  }

  async leave(): Promise<void> {
    for (const handle of this.#handles.splice(0).reverse()) await handle[Symbol.asyncDispose]();
  }
}

/** One recipe at one path, before one fault. */
export interface Stage {
  /** Whom the fault strikes. */
  readonly victim: Actor;
  /** Who uses the same path and sees no fault. */
  readonly other: Actor;
  readonly path: string;
  readonly fault: Fault;
}

/** A recipe in use, and what has to be so after a fault. Every step waits for as long as it takes. */
export interface Scene {
  /** What `node` deletes, with everything below. Default: all ephemeral nodes of the victim. */
  readonly nodes?: () => readonly string[] | Promise<readonly string[]>;
  /** What the other does after the fault has struck and, if the victim loses its connection, before it is back. */
  readonly meanwhile?: () => Promise<unknown>;
  /** The victim lives on: the recipe does what it is for, for both. */
  readonly survives: () => Promise<void>;
  /** The victim is dead: the other goes on without it. */
  readonly outlived: () => Promise<void>;
}

/** A recipe, and how it is put to use. */
export interface Story {
  readonly recipe: string;
  readonly begin: (stage: Stage) => Promise<Scene>;
}

/** Whether the victim keeps its session and its nodes. */
export function keepsNodes(fault: Fault): boolean {
  return fault === 'connection' || fault === 'server';
}

/** Work whose failure is for somebody else to hear of, later on. */
export function pending<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

/** Waits for what nothing tells of, for as long as a busy machine may need. */
export function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  return eventually(what, condition, 60_000);
}

/** Waits until a node belongs to the client's present session. */
export function untilOwned(onlooker: ZooKeeperClient, path: string, owner: ZooKeeperClient): Promise<void> {
  return until(
    `${path} belongs to its owner's session`,
    async () => (await onlooker.exists(path))?.ephemeralOwner === owner.sessionId,
  );
}

export function untilGone(onlooker: ZooKeeperClient, path: string): Promise<void> {
  return until(`${path} is gone`, async () => (await onlooker.exists(path)) === null);
}
