import { TestServer } from '../../../testing/index.ts';
import { describeConfig } from './config-suite.ts';

describeConfig('zookit', () => TestServer.start());
