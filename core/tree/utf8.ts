/**
 * A place to put one path in UTF-8 for a moment, so that looking it up makes no garbage. Valid until the next `encode`.
 */
export class Utf8Scratch {
  /** Replaced by an `encode` that needs more room: read it after that. */
  bytes = Buffer.allocUnsafeSlow(1024);

  /** Puts the text at the beginning of `bytes`; returns its length in bytes. */
  encode(text: string): number {
    const length = text.length;
    if (length * 3 > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(length * 3);
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return bytes.write(text, 'utf8');
      bytes[i] = unit;
    }
    return length;
  }
}
