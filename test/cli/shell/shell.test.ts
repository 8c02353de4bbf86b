import { TestServer } from '../../../testing/index.ts';
import { describeShell } from './suite.ts';

describeShell('a server of this package', () => TestServer.start());
