import { connect } from 'node:net';

/** Sends a four-letter word and returns what the server says until it hangs up; rejects when it cannot be reached. */
export function fourLetterWord(
  port: number,
  word: string,
  host = '127.0.0.1',
  timeoutMs = 10_000,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, host, () => socket.write(word));
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`no answer to ${word} within ${timeoutMs} ms`)),
    );
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', (failed) => {
      if (!failed) resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

/** A server that is starting takes connections before it answers, and may forget the word that came then: it is asked again. */
const ASK_MS = 1_000;

/** Whether a server at this port says that it serves clients. */
export async function isServing(port: number, host = '127.0.0.1'): Promise<boolean> {
  try {
    return /^Mode: /m.test(await fourLetterWord(port, 'srvr', host, ASK_MS));
  } catch {
    return false;
  }
}
