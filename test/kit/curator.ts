import { startJava } from './java-programs.ts';
import { PeerProgram } from './peer-program.ts';

/** Long, so that a machine that is busy elsewhere ends no session. */
const SESSION_TIMEOUT_MS = 30_000;

export interface CuratorOptions {
  /** Of its session; for a process that is to be killed, a short one is waited for. */
  readonly sessionTimeoutMs?: number;
  /** What the program wants to know besides. */
  readonly args?: readonly string[];
}

/** Starts one of the programs of test/interop/java that obey commands with Curator, and resolves when it is connected. */
export function startCurator(
  program: string,
  connectString: string,
  { sessionTimeoutMs = SESSION_TIMEOUT_MS, args = [] }: CuratorOptions = {},
): Promise<PeerProgram> {
  return PeerProgram.of(startJava(program, [connectString, `${sessionTimeoutMs}`, ...args]));
}
