import { TestServer } from '../../../testing/index.ts';
import { describePersistentNode } from './persistent-node-suite.ts';

describePersistentNode('zookit', () => TestServer.start());
