import { TestServer } from '../../testing/index.ts';
import { describeClient } from './operations.ts';

describeClient('zookit', () => TestServer.start());
