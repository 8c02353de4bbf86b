# A server whose log cannot be written ends, and begins again from what its disk holds: last logged is not last seen.
# Source: ZOOKEEPER-4882

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 3
settle
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  1: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  s1: has its session, 10000 ms
  1 > 3 ACK 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
fail-log 1
create s1 /a
create s1 /b
settle
  3: proposes 1:2 create /a
  3: proposes 1:3 create /b
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  1: ends: EIO: simulated, write '/data/version-2/log.100000001'
  1: down
  3: disk has 1:2
  3 > 2 PROPOSAL 1:3 create /b
  2: disk has 1:2
  3: disk has 1:3
  2 > 3 ACK 1:2
  3: commits 1:2
  s1: create /a: ok (1:2)
  2: disk has 1:3
  3 > 2 COMMIT 1:2
  2: commits 1:2
  2 > 3 ACK 1:3
  3: commits 1:3
  s1: create /b: ok (1:3)
  3 > 2 COMMIT 1:3
  2: commits 1:3
expect 1 down
expect 3 has /a /b
start 1
  1: has 1:1 from its disk
  1: looking
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:1 currentEpoch -1
  3 > 1 DIFF 1:3
  3 > 1 PROPOSAL 1:2 create /a
  3 > 1 COMMIT 1:2
  1: applies 1:2
  3 > 1 PROPOSAL 1:3 create /b
  3 > 1 COMMIT 1:3
  1: applies 1:3
  3 > 1 NEWLEADER 1:0
  1: disk has 1:2
  1: disk has 1:3
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
expect 1 has /a /b
crash 1
  1: down
start 1
  1: has 1:3 from its disk
  1: looking
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:3 currentEpoch -1
  3 > 1 DIFF 1:3
  3 > 1 NEWLEADER 1:0
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
expect equal
