import { TestServer } from '../../testing/index.ts';
import { JavaServer, SUPER_DIGEST } from '../kit/java.ts';

// Sessions must not end on their own within a run, nor containers: what a clock decides cannot be compared step by step.
const MIN_SESSION_TIMEOUT_MS = 10_000;
const NEVER_MS = 100_000_000;

export function startJava(): Promise<JavaServer> {
  return JavaServer.start({
    configLines: [`minSessionTimeout=${MIN_SESSION_TIMEOUT_MS}`],
    properties: ['zookeeper.forceSync=no', `znode.container.checkIntervalMs=${NEVER_MS}`],
  });
}

export function startOurs(): Promise<TestServer> {
  return TestServer.start({
    tickTimeMs: 2000,
    config: {
      minSessionTimeoutMs: MIN_SESSION_TIMEOUT_MS,
      maxSessionTimeoutMs: 40_000,
      superDigest: SUPER_DIGEST,
      containerCheckIntervalMs: NEVER_MS,
    },
  });
}
