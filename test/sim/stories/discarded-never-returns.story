# What a later leader discarded never comes back: the old leader has it on disk, returns, and cuts it off.
# Source: Zab, integrity: what a later leader's history lacks is delivered by nobody

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
create 1 /kept
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
  client-1: has its session, 10000 ms
  1 > 3 REQUEST create of client-1
  3: proposes 1:3 create /kept
  3 > 2 PROPOSAL 1:3 create /kept
  3 > 1 PROPOSAL 1:3 create /kept
  3: disk has 1:3
  2: disk has 1:3
  1: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  1 > 3 ACK 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  client-1: create /kept: ok (1:3)
partition 3 | 1 2
create s3 /discarded
settle
  3: proposes 1:4 create /discarded
  3: disk has 1:4
expect 3 lacks /discarded
tick 7000
  2: "the role as follower is over: the leader has been silent for 5001 ms"
  2: looking
  1: "the role as follower is over: the leader has been silent for 5001 ms"
  1: looking
  client-1: disconnected
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
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: applies 1:4
  3: looking
  s3: disconnected, without an answer to create /discarded
settle
expect leader 2
# The old leader applied what was in its log when it stepped down, so that its vote says what it has.
expect 3 has /discarded
heal
tick 3000
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:4 currentEpoch 1
  2 > 3 TRUNC 1:3
  3: has 1:3 from its disk
  2 > 3 NEWLEADER 2:0
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 ACK 2:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 2:0
settle
expect 3 lacks /discarded
expect 3 follower
# Not even when the power goes everywhere, and it leads.
crash 1 2 3
  1: down
  2: down
  3: down
start 1 3
  1: has 1:3 from its disk
  1: looking
  3: has 1:3 from its disk
  3: looking
settle
  1: follower
  3: leader
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 2
  3: acceptedEpoch 3, currentEpoch 2
  3 > 1 LEADERINFO epoch 3
  1: acceptedEpoch 3, currentEpoch 2
  1 > 3 ACKEPOCH last 1:3 currentEpoch 2
  3: acceptedEpoch 3, currentEpoch 3
  3 > 1 DIFF 1:3
  3 > 1 NEWLEADER 3:0
  1: acceptedEpoch 3, currentEpoch 3
  1 > 3 ACK 3:0
  3: leader, serves clients
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 3:0
expect leader 3
expect 1 lacks /discarded
start 2
  2: has 1:3 from its disk
  2: looking
settle
  2: follower
  2: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 2
  3 > 2 LEADERINFO epoch 3
  2: acceptedEpoch 3, currentEpoch 2
  2 > 3 ACKEPOCH last 1:3 currentEpoch 2
  3 > 2 DIFF 1:3
  3 > 2 NEWLEADER 3:0
  2: acceptedEpoch 3, currentEpoch 3
  2 > 3 ACK 3:0
  3 > 2 UPTODATE
  2: follower, serves clients
  2 > 3 ACK 3:0
expect 2 has /kept
expect equal
