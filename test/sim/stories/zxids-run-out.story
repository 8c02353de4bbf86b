# When the counter of an epoch is about to run out, the leader makes way, and the next epoch begins with 1.
# Source: ZOOKEEPER-1277

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
create s1 /a
settle
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  1: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  1 > 3 ACK 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  s1: has its session, 10000 ms
  1 > 3 REQUEST create of s1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  1: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  s1: create /a: ok (1:2)
spend-zxids 3
tick 1000
  3: "the role as leader is over: the zxid counter of epoch 1 is about to run out"
  3: looking
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
  s1: disconnected
  2: follower
  1: follower
  3: leader
  2: connected to 3
  1: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 1
  3: acceptedEpoch 2, currentEpoch 1
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  3 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  2 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3: acceptedEpoch 2, currentEpoch 2
  1 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3 > 2 DIFF 1:2
  3 > 2 NEWLEADER 2:0
  2: acceptedEpoch 2, currentEpoch 2
  3 > 1 DIFF 1:2
  3 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  2 > 3 ACK 2:0
  3: leader, serves clients
  1 > 3 ACK 2:0
  3 > 2 UPTODATE
  2: follower, serves clients
  3 > 1 UPTODATE
  1: follower, serves clients
  2 > 3 ACK 2:0
  1 > 3 ACK 2:0
settle
roles
  1 follower, serves clients, last 1:2
  2 follower, serves clients, last 1:2
  3 leader, serves clients, last 2:0
move s1 1
create s1 /b
settle
  1 > 3 REVALIDATE s1
  3 > 1 REVALIDATE s1 lives
  s1: has its session, 10000 ms
  1 > 3 REQUEST create of s1
  3: proposes 2:1 create /b
  3 > 2 PROPOSAL 2:1 create /b
  3 > 1 PROPOSAL 2:1 create /b
  3: disk has 2:1
  2: disk has 2:1
  1: disk has 2:1
  2 > 3 ACK 2:1
  3: commits 2:1
  1 > 3 ACK 2:1
  3 > 2 COMMIT 2:1
  2: commits 2:1
  3 > 1 COMMIT 2:1
  1: commits 2:1
  s1: create /b: ok (2:1)
expect 2 has /a /b
expect equal
