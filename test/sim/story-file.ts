/** One line that the runner carries out, and what the file says came of it. */
export interface StoryCommand {
  /** From 1, for messages. */
  readonly lineNumber: number;
  readonly text: string;
  readonly recorded: readonly string[];
}

/** A remark or an empty line, kept as it is. */
type Remark = string;

/** A story as its file has it: what it shows, then commands, each with what it led to. */
export interface Story {
  /** The first remark: what the story shows. */
  readonly title: string;
  /** Where the scenario comes from. */
  readonly source: string;
  readonly parts: readonly (Remark | StoryCommand)[];
}

const INDENT = '  ';
const SOURCE = '# Source: ';

/**
 * Reads a story. Lines that begin with `#` are remarks, indented ones are what the command above them led to, all others are
 * commands. Throws where the title or the source is missing, or output stands above the first command.
 */
export function parseStory(text: string): Story {
  const parts: (Remark | StoryCommand)[] = [];
  const lines = text.replace(/\n$/, '').split('\n');
  let recorded: string[] | null = null;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith(INDENT)) {
      if (recorded === null) throw new Error(`line ${index + 1}: output without a command above it`);
      recorded.push(line.slice(INDENT.length));
    } else if (line === '' || line.startsWith('#')) {
      recorded = null;
      parts.push(line);
    } else {
      recorded = [];
      parts.push({ lineNumber: index + 1, text: line, recorded });
    }
  }
  const remarks = lines.filter((line) => line.startsWith('# '));
  const source = remarks.find((line) => line.startsWith(SOURCE))?.slice(SOURCE.length);
  const title = remarks[0]?.slice(2);
  if (title === undefined || title.startsWith('Source: ')) {
    throw new Error('the first line says what the story shows: "# A leader …"');
  }
  if (source === undefined) throw new Error(`a line "${SOURCE}…" says where the story comes from`);
  return { title, source, parts };
}

/** The story's text with what `outputOf` says of each command, in order. */
export function renderStory(
  { parts }: Story,
  outputOf: (command: StoryCommand) => readonly string[],
): string {
  const lines = parts.flatMap((part) => {
    if (typeof part === 'string') return [part];
    return [part.text, ...outputOf(part).map((line) => `${INDENT}${line}`)];
  });
  return `${lines.join('\n')}\n`;
}
