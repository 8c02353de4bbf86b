import { TestServer } from '../../../testing/index.ts';
import { describeQueues } from './queue-suite.ts';

describeQueues('zookit', () => TestServer.start());
