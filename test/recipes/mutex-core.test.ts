import { TestServer } from '../../testing/index.ts';
import { describeMutex } from './mutex-suite.ts';

describeMutex('zookit', () => TestServer.start());
