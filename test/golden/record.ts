import { fileURLToPath } from 'node:url';
import { JavaServer } from '../kit/java.ts';
import { Child } from '../kit/processes.ts';
import { tempDirectory } from '../kit/temp.ts';
import { RecordingProxy } from './proxy.ts';
import type { Recording } from './recording.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Lets Apache ZooKeeper's client and an old Go client talk to Apache ZooKeeper's server and keeps what they say. */
export async function record(): Promise<Recording> {
  await using server = await JavaServer.start({ tickTimeMs: 1000 });
  await using proxy = await RecordingProxy.start(server.port);
  const hosts = `127.0.0.1:${proxy.port}`;
  await using java = new Child('java', [
    '-Xmx256m',
    '-cp',
    '/usr/share/java/zookeeper.jar',
    here('./Recorder.java'),
    hosts,
  ]);
  await java.success();
  await using cache = await tempDirectory();
  await using go = new Child('go', ['run', here('./old-client.go'), hosts], {
    env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: cache.path },
  });
  await go.success();
  return {
    source:
      'Apache ZooKeeper 3.8.0 (Debian), client and server; go-zookeeper for the handshake of old clients',
    exchanges: proxy.exchanges,
  };
}
