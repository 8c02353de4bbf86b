import { connect } from 'node:net';

/** What a server at this port, of this machine or of `host`, answers to a four-letter word; null if none does within `timeoutMs`. */
export function askFourLetterWord(
  port: number,
  word: string,
  timeoutMs = 1000,
  host = '127.0.0.1',
): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, host, () => socket.write(word));
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(chunks.length === 0 ? null : Buffer.concat(chunks).toString('utf8'));
    });
  });
}

/** `leader`, `follower`, `standalone`...; null while the server does not serve. */
export async function modeOf(port: number): Promise<string | null> {
  const answer = await askFourLetterWord(port, 'srvr');
  return /^Mode: (\S+)/m.exec(answer ?? '')?.[1] ?? null;
}
