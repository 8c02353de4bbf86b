/** Why bytes could not be read or a value could not be written. */
export type WireFaultCode =
  | 'truncated' // the bytes end before the record does
  | 'unreasonable-length' // a length is negative (other than -1 for null) or above the limit
  | 'frame-too-large' // a frame length outside [0, frameBytesMax]
  | 'out-of-range' // an integer that the field cannot hold
  | 'unencodable' // a value that has no representation on the wire
  | 'malformed'; // anything else that the record's layout forbids

/**
 * The one error that decoding and encoding may yield. It never carries a partial result: whoever catches it knows that
 * nothing after the fault can be trusted.
 */
export class WireFault extends Error {
  readonly code: WireFaultCode;

  constructor(code: WireFaultCode, message: string) {
    super(message);
    this.name = 'WireFault';
    this.code = code;
  }
}
