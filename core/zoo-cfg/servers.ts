import * as wire from '../../wire/server-line.ts';
import { BadValue, INT_MAX, integer } from './values.ts';

/** The id in `server.N`. */
export function serverIdOf(text: string): number {
  return integer(0, INT_MAX)(text);
}

/** The member of an ensemble that `server.N` describes; throws `BadValue`. */
export function parseServerLine(id: number, value: string): wire.ServerLine {
  try {
    return wire.parseServerLine(id, value);
  } catch (fault) {
    if (!(fault instanceof wire.ServerLineFault)) throw fault;
    throw new BadValue(fault.reason, fault.expected);
  }
}
