import { TestServer } from '../../testing/index.ts';
import { describeAround } from './around-suite.ts';

describeAround('zookit', () => TestServer.start());
