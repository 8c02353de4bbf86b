import { TestServer } from '../../../testing/index.ts';
import { describeSimpleQueue } from './simple-suite.ts';

describeSimpleQueue('zookit', () => TestServer.start());
