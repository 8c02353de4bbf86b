import { TestServer } from '../../../testing/index.ts';
import { describeLatch } from './latch-suite.ts';

describeLatch('zookit', () => TestServer.start());
