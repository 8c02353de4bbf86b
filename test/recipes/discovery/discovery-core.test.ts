import { TestServer } from '../../../testing/index.ts';
import { describeDiscovery } from './discovery-suite.ts';

describeDiscovery('zookit', () => TestServer.start());
