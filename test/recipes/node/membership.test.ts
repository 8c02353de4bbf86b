import { TestServer } from '../../../testing/index.ts';
import { describeMembership } from './membership-suite.ts';

describeMembership('zookit', () => TestServer.start());
