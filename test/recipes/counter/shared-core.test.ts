import { TestServer } from '../../../testing/index.ts';
import { describeShared } from './shared-suite.ts';

describeShared('zookit', () => TestServer.start());
