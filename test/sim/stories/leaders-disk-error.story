# A leader that cannot write its log does not go on leading.
# Source: ZOOKEEPER-2247

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
session s3 at 3
settle
  3: proposes 1:1 createSession a new session
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  3 > 2 PROPOSAL 1:2 createSession a new session
  3 > 1 PROPOSAL 1:2 createSession a new session
  2: disk has 1:1
  1: disk has 1:1
  3: disk has 1:2
  2 > 3 ACK 1:1
  3: commits 1:1
  s3: has its session, 10000 ms
  2: disk has 1:2
  1 > 3 ACK 1:1
  1: disk has 1:2
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  s1: has its session, 10000 ms
fail-log 3
create s3 /a
settle
  3: proposes 1:3 create /a
  3: ends: EIO: simulated, write '/data/version-2/log.100000001'
  3: down
  s3: disconnected, without an answer to create /a
  3 > 2 PROPOSAL 1:3 create /a
  3 > 1 PROPOSAL 1:3 create /a
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: applies 1:3
  2: looking
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: applies 1:3
  1: looking
  s1: disconnected
  2: disk has 1:3
  1: disk has 1:3
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 ACKEPOCH last 1:3 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 DIFF 1:3
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
expect 3 down
expect leader 2
# The followers had been sent it, so it was in the new leader's log: it counts, though its client had no answer.
move s3 1
get s3 /a
start 3
  3: has 1:2 from its disk
  3: looking
settle
  1 > 2 REVALIDATE s3
  2 > 1 REVALIDATE s3 lives
  s3: has its session, 10000 ms
  s3: get /a: ok "/a" (1:3)
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2 > 3 DIFF 1:3
  2 > 3 PROPOSAL 1:3 create /a
  2 > 3 COMMIT 1:3
  3: applies 1:3
  2 > 3 NEWLEADER 2:0
  3: disk has 1:3
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 ACK 2:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 2:0
expect equal
