import { type ByteReader, ByteWriter } from './bytes.ts';
import { buffer, type Decoded, int, long, longExact, record } from './codec.ts';

/** First record of a connection, client to server, without its trailing read-only byte. */
export const ConnectRequestCore = record('ConnectRequest', {
  protocolVersion: int,
  lastZxidSeen: longExact,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
});

/** `readOnly` is null when the sender did not put the byte (3.3 clients): the answer then leaves it out too. */
export type ConnectRequest = Decoded<typeof ConnectRequestCore> & { readOnly: boolean | null };

export const ConnectResponseCore = record('ConnectResponse', {
  protocolVersion: int,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
});

/** `timeOut` 0 with `sessionId` 0 refuses the session: it has expired or the password is wrong. */
export type ConnectResponse = Decoded<typeof ConnectResponseCore> & { readOnly: boolean | null };

function readTrailingReadOnly(reader: ByteReader): boolean | null {
  return reader.remaining > 0 ? reader.readBool() : null;
}

export function readConnectRequest(reader: ByteReader): ConnectRequest {
  const core = ConnectRequestCore.read(reader);
  return { ...core, readOnly: readTrailingReadOnly(reader) };
}

export function writeConnectRequest(request: ConnectRequest): Buffer {
  const writer = new ByteWriter();
  ConnectRequestCore.write(writer, request);
  if (request.readOnly !== null) writer.writeBool(request.readOnly);
  return writer.finish();
}

export function readConnectResponse(reader: ByteReader): ConnectResponse {
  const core = ConnectResponseCore.read(reader);
  return { ...core, readOnly: readTrailingReadOnly(reader) };
}

export function writeConnectResponse(response: ConnectResponse): Buffer {
  const writer = new ByteWriter();
  ConnectResponseCore.write(writer, response);
  if (response.readOnly !== null) writer.writeBool(response.readOnly);
  return writer.finish();
}
