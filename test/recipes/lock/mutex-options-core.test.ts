import { TestServer } from '../../../testing/index.ts';
import { describeMutexOptions } from './mutex-options-suite.ts';

describeMutexOptions('zookit', () => TestServer.start());
