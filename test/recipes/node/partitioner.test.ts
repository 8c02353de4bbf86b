import { TestServer } from '../../../testing/index.ts';
import { describePartitioner } from './partitioner-suite.ts';

describePartitioner('zookit', () => TestServer.start());
