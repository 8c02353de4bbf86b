// The image's HEALTHCHECK, which needs no shell: ends with status 0 if this container's server serves clients, else with 1.
import { askFourLetterWord } from '../four-letter.ts';
import { readConfig } from '../server-config.ts';
import { prepareContainer } from './prepare.ts';

const TIMEOUT_MS = 4_000;

try {
  const { clientPort, clientPortAddress } = readConfig(prepareContainer(process.env)).config;
  const host = clientPortAddress ?? '127.0.0.1';
  const answer = await askFourLetterWord(clientPort, 'srvr', TIMEOUT_MS, host);
  process.stdout.write(answer ?? `no answer at ${host}:${clientPort} within ${TIMEOUT_MS} ms\n`);
  // A member of an ensemble without a leader answers that it does not serve, and names no mode.
  process.exitCode = /^Mode: /m.test(answer ?? '') ? 0 : 1;
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
