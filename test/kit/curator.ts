import { existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { Child, which } from './processes.ts';
import { type TempDirectory, tempDirectory } from './temp.ts';

/** A command may be a hundred of something, on a machine that is busy. */
const ANSWER_TIMEOUT_MS = 120_000;

const jars = [
  'curator-recipes',
  'curator-framework',
  'curator-client',
  'zookeeper',
  'guava',
  'slf4j-nop',
].map((name) => `/usr/share/java/${name}.jar`);

/** What is missing for Java Curator to take part, with the remedy; null if nothing is. */
export function curatorMissing(): string | null {
  const missing = [...jars.filter((jar) => !existsSync(jar)), ...(which('javac') === null ? ['javac'] : [])];
  if (missing.length === 0) return null;
  return `missing ${missing.join(', ')}; apt-get install libcurator-recipes-java default-jdk-headless`;
}

/** One of the Java programs of test/interop/java, compiled: each obeys one command a line and answers with one line. */
export class CuratorProgram implements AsyncDisposable {
  readonly #name: string;
  readonly #classes: TempDirectory;

  private constructor(name: string, classes: TempDirectory) {
    this.#name = name;
    this.#classes = classes;
  }

  static async compile(name: string): Promise<CuratorProgram> {
    const classes = await tempDirectory('zookit-curator-');
    const source = resolve(import.meta.dirname, `../interop/java/${name}.java`);
    await new Child('javac', ['-d', classes.path, '-cp', jars.join(delimiter), source]).success();
    return new CuratorProgram(name, classes);
  }

  /** Starts the program; it prints `ready` when it is connected. */
  async start(...args: string[]): Promise<CuratorProcess> {
    const classPath = [this.#classes.path, ...jars].join(delimiter);
    const child = new Child('java', ['-Xmx256m', '-cp', classPath, this.#name, ...args]);
    await child.waitFor(/^ready$/m);
    return new CuratorProcess(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#classes[Symbol.asyncDispose]();
  }
}

export class CuratorProcess implements AsyncDisposable {
  readonly child: Child;
  #asked = 0;

  constructor(child: Child) {
    this.child = child;
  }

  /** Gives a command; resolves with the answer to it, which the program prints as `<number of the command> <answer>`. */
  async ask(command: string): Promise<string> {
    const number = ++this.#asked;
    this.child.process.stdin!.write(`${number} ${command}\n`);
    return (await this.child.waitFor(new RegExp(`^${number} (.*)\n`, 'm'), ANSWER_TIMEOUT_MS))[1]!;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }
}
