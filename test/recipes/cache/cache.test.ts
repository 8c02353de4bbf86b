import { TestServer } from '../../../testing/index.ts';
import { describeCache } from './cache-suite.ts';

describeCache('zookit', () => TestServer.start());
