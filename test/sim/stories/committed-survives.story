# What was acknowledged to a client is never lost: the leader dies before it has told anybody that it committed.
# Source: Zab, agreement and integrity; a later leader has every committed transaction

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
create s1 /a
# The client is answered, and in the same moment the leader is gone, with everything that is under way.
until s1: create /a: ok
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  1: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  s1: create /a: ok (1:2)
partition 3 | 1 2
crash 3
  3: down
  s1: disconnected
settle
tick 8000
  2: "the role as follower is over: the leader has been silent for 5486 ms"
  2: applies 1:2
  2: looking
  1: "the role as follower is over: the leader has been silent for 5486 ms"
  1: applies 1:2
  1: looking
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 DIFF 1:2
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
settle
expect 1 has /a
expect 2 has /a
start 3
  3: has 1:2 from its disk
  3: looking
heal
tick 2000
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2 > 3 DIFF 1:2
  2 > 3 NEWLEADER 2:0
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 ACK 2:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 2:0
settle
expect equal
