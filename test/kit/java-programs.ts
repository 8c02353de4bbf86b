import { existsSync, readdirSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { javaZooKeeper, QUICK_START } from './java.ts';
import { Child, which } from './processes.ts';
import { tempDirectory } from './temp.ts';

const SOURCES = resolve(import.meta.dirname, '../interop/java');

const curatorJars = [
  'curator-x-discovery',
  'curator-recipes',
  'curator-framework',
  'curator-client',
  'guava',
  'jackson-core',
  'jackson-databind',
  'jackson-annotations',
].map((name) => `/usr/share/java/${name}.jar`);

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the classes of the programs in test/interop/java are; null if they cannot be compiled here. */
    javaClasses: string | null;
  }
}

/** What is missing for the Java programs, Curator's included, with the remedy; null if nothing is. */
export function javaProgramsMissing(): string | null {
  const missing = curatorJars.filter((jar) => !existsSync(jar));
  if (javaZooKeeper() === null) missing.push('zookeeper.jar');
  if (which('javac') === null) missing.push('javac');
  if (missing.length === 0) return null;
  const packages = 'zookeeper libcurator-recipes-java libcurator-discovery-java default-jdk-headless';
  return `missing ${missing.join(', ')}; apt-get install ${packages}`;
}

function classPathWith(classes: string): string {
  return [classes, ...curatorJars, javaZooKeeper()].join(delimiter);
}

/** Compiles the programs once for a whole run of tests, before its first file; the classes are removed after the last. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (javaProgramsMissing() !== null) {
    project.provide('javaClasses', null);
    return undefined;
  }
  const classes = await tempDirectory('zookit-java-classes-');
  const sources = readdirSync(SOURCES).map((name) => resolve(SOURCES, name));
  try {
    const options = ['-nowarn', '-d', classes.path, '-cp', classPathWith(classes.path)];
    await new Child('javac', [...options, ...sources]).success();
  } catch (error) {
    await classes[Symbol.asyncDispose]();
    throw error;
  }
  project.provide('javaClasses', classes.path);
  return async () => classes[Symbol.asyncDispose]();
}

/** Starts a program of test/interop/java. Throws where `javaProgramsMissing` says why. */
export function startJava(program: string, args: readonly string[] = []): Child {
  // Nothing is provided to a project that has not this set-up.
  const classes: string | null | undefined = inject('javaClasses');
  if (classes === null || classes === undefined) throw new Error(`Java programs: ${javaProgramsMissing()}`);
  const properties = [
    '-Dzookeeper.extendedTypesEnabled=true',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
  ];
  return new Child('java', [
    '-Xmx256m',
    ...QUICK_START,
    ...properties,
    '-cp',
    classPathWith(classes),
    program,
    ...args,
  ]);
}
