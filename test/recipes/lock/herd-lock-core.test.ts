import { TestServer } from '../../../testing/index.ts';
import { describeHerdLock } from './herd-lock-suite.ts';

describeHerdLock('zookit', () => TestServer.start());
