import { nearest } from '../../core/nearest.ts';
import type { Command } from './command.ts';
import { readCommands } from './read-commands.ts';
import { UsageError } from './usage-error.ts';
import { writeCommands } from './write-commands.ts';

const history: Command = {
  name: 'history',
  usage: 'history',
  summary: 'the last lines that were entered',
  positional: [0, 0],
  takesPath: false,
  async run({ history: lines, print }) {
    const shown = lines.slice(-HISTORY_SHOWN);
    for (const [i, line] of shown.entries()) print(`${lines.length - shown.length + i} - ${line}`);
  },
};
const HISTORY_SHOWN = 11;

const help: Command = {
  name: 'help',
  usage: 'help [command]',
  summary: 'what there is',
  positional: [0, 1],
  takesPath: false,
  async run({ print }, { positional: [name] }) {
    const shown = name === undefined ? commands : [commandNamed(name)];
    const width = Math.max(...shown.map(({ usage }) => usage.length));
    for (const { usage, summary } of shown) print(`${usage.padEnd(width)}  ${summary}`);
  },
};

/** Ends an interactive shell; whoever reads the lines looks for it. */
const quit: Command = {
  name: 'quit',
  usage: 'quit',
  summary: 'leave, and close the session',
  positional: [0, 0],
  takesPath: false,
  async run() {},
};

export const commands: readonly Command[] = [...readCommands, ...writeCommands, history, help, quit];

export function commandNamed(name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    commands.map((command) => command.name),
  );
  throw new UsageError(
    `${name} is not a command${near === null ? '' : `; did you mean ${near}?`} (try help)`,
  );
}
