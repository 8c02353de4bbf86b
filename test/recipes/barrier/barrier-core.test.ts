import { TestServer } from '../../../testing/index.ts';
import { describeBarriers } from './barrier-suite.ts';

describeBarriers('zookit', () => TestServer.start());
