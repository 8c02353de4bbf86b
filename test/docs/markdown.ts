import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Directories that hold no documents of ours. */
const SKIPPED = new Set(['node_modules', 'dist', 'data', 'results']);

/** A document: its path from the root, and its text. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** Every Markdown file of the repository. */
export function documents(directory = ROOT): Document[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory())
      return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : documents(path);
    return entry.name.endsWith('.md')
      ? [{ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }]
      : [];
  });
}

/** One document by its path from the root. */
export function document(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The text without what stands in code blocks. */
export function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}

/** Targets of the links in a text. */
export function links(text: string): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** Anchors that headings make, as forges do it: lower case, words joined by hyphens, other characters left out. */
export function anchors(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The code blocks of a language. */
export function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code!);
}

/** Source files that a text names in code style. */
export function sourceFiles(text: string): string[] {
  return [...prose(text).matchAll(/`([\w./-]+\.(?:ts|c|h|sh))`/g)].map(([, file]) => file!);
}
