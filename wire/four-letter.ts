/** Four-letter words: commands in place of a first frame on the client port. */
export const fourLetterWords = [
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'gtmk',
  'hash',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'stmk',
  'wchc',
  'wchp',
  'wchs',
] as const;
export type FourLetterWord = (typeof fourLetterWords)[number];

const byNumber = new Map<number, FourLetterWord>(
  fourLetterWords.map((word) => [Buffer.from(word, 'latin1').readInt32BE(0), word]),
);

/** The word that a connection's first four bytes spell, if they do: as a frame length each would be far too large. */
export function fourLetterWordOf(first: number): FourLetterWord | null {
  return byNumber.get(first) ?? null;
}
