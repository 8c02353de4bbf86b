import { TestServer } from '../../../testing/index.ts';
import { describeNaming } from './naming-suite.ts';

describeNaming('zookit', () => TestServer.start());
