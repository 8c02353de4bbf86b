import { TestServer } from '../../../testing/index.ts';
import { describeAtomic } from './atomic-suite.ts';

describeAtomic('zookit', () => TestServer.start());
