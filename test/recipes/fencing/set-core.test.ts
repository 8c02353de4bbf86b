import { TestServer } from '../../../testing/index.ts';
import { describeFencedSet } from './set-suite.ts';

describeFencedSet('zookit', () => TestServer.start());
