# Five servers in two parts: the larger one elects and writes, the smaller one serves nobody, and nothing is written twice.
# Source: network partitions; Zab, any two quorums share a server

cluster 5
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 follower, serves clients, last 0:0
  4 follower, serves clients, last 0:0
  5 leader, serves clients, last 1:0
session s5 at 5
session s1 at 1
settle
  5: proposes 1:1 createSession a new session
  5 > 4 PROPOSAL 1:1 createSession a new session
  5 > 1 PROPOSAL 1:1 createSession a new session
  5 > 2 PROPOSAL 1:1 createSession a new session
  5 > 3 PROPOSAL 1:1 createSession a new session
  5: disk has 1:1
  1 > 5 REQUEST createSession of a new session
  5: proposes 1:2 createSession a new session
  4: disk has 1:1
  1: disk has 1:1
  2: disk has 1:1
  3: disk has 1:1
  5 > 4 PROPOSAL 1:2 createSession a new session
  5 > 1 PROPOSAL 1:2 createSession a new session
  5 > 2 PROPOSAL 1:2 createSession a new session
  5 > 3 PROPOSAL 1:2 createSession a new session
  5: disk has 1:2
  4 > 5 ACK 1:1
  1 > 5 ACK 1:1
  5: commits 1:1
  s5: has its session, 10000 ms
  2 > 5 ACK 1:1
  3 > 5 ACK 1:1
  4: disk has 1:2
  1: disk has 1:2
  2: disk has 1:2
  3: disk has 1:2
  5 > 4 COMMIT 1:1
  4: commits 1:1
  5 > 1 COMMIT 1:1
  1: commits 1:1
  5 > 2 COMMIT 1:1
  2: commits 1:1
  5 > 3 COMMIT 1:1
  3: commits 1:1
  4 > 5 ACK 1:2
  1 > 5 ACK 1:2
  5: commits 1:2
  2 > 5 ACK 1:2
  3 > 5 ACK 1:2
  5 > 4 COMMIT 1:2
  4: commits 1:2
  5 > 1 COMMIT 1:2
  1: commits 1:2
  s1: has its session, 10000 ms
  5 > 2 COMMIT 1:2
  2: commits 1:2
  5 > 3 COMMIT 1:2
  3: commits 1:2
partition 1 2 3 | 4 5
create s5 /minority
tick 7000
  5: proposes 1:3 create /minority
  5 > 4 PROPOSAL 1:3 create /minority
  5: disk has 1:3
  4: disk has 1:3
  4 > 5 ACK 1:3
  1: "the role as follower is over: the leader has been silent for 5001 ms"
  1: looking
  s1: disconnected
  2: "the role as follower is over: the leader has been silent for 5001 ms"
  2: looking
  3: "the role as follower is over: the leader has been silent for 5001 ms"
  3: looking
  3: leader
  1: follower
  2: follower
  1: connected to 3
  2: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  2 > 3 FOLLOWERINFO acceptedEpoch 1
  3: acceptedEpoch 2, currentEpoch 1
  3 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  3 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  1 > 3 ACKEPOCH last 1:2 currentEpoch 1
  2 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3: acceptedEpoch 2, currentEpoch 2
  3 > 1 DIFF 1:2
  3 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  3 > 2 DIFF 1:2
  3 > 2 NEWLEADER 2:0
  2: acceptedEpoch 2, currentEpoch 2
  1 > 3 ACK 2:0
  2 > 3 ACK 2:0
  3: leader, serves clients
  3 > 1 UPTODATE
  1: follower, serves clients
  3 > 2 UPTODATE
  2: follower, serves clients
  1 > 3 ACK 2:0
  2 > 3 ACK 2:0
  5: "the role as leader is over: only servers 5, 4 are left of a quorum"
  5: applies 1:3
  5: looking
  s5: disconnected, without an answer to create /minority
  4: loses the connection to 5
  4: "the role as follower is over: the connection ended"
  4: applies 1:3
  4: looking
settle
expect leader 3
expect 5 looking
expect 4 looking
move s1 1
create s1 /majority
settle
  1 > 3 REVALIDATE s1
  3 > 1 REVALIDATE s1 lives
  s1: has its session, 10000 ms
  1 > 3 REQUEST create of s1
  3: proposes 2:1 create /majority
  3 > 1 PROPOSAL 2:1 create /majority
  3 > 2 PROPOSAL 2:1 create /majority
  3: disk has 2:1
  1: disk has 2:1
  2: disk has 2:1
  1 > 3 ACK 2:1
  2 > 3 ACK 2:1
  3: commits 2:1
  3 > 1 COMMIT 2:1
  1: commits 2:1
  s1: create /majority: ok (2:1)
  3 > 2 COMMIT 2:1
  2: commits 2:1
heal
tick 3000
  4: follower
  5: follower
  4: connected to 3
  5: connected to 3
  4 > 3 FOLLOWERINFO acceptedEpoch 1
  5 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 4 LEADERINFO epoch 2
  4: acceptedEpoch 2, currentEpoch 1
  3 > 5 LEADERINFO epoch 2
  5: acceptedEpoch 2, currentEpoch 1
  4 > 3 ACKEPOCH last 1:3 currentEpoch 1
  5 > 3 ACKEPOCH last 1:3 currentEpoch 1
  3 > 4 TRUNC 1:2
  4: has 1:2 from its disk
  3 > 4 PROPOSAL 2:1 create /majority
  3 > 4 COMMIT 2:1
  4: applies 2:1
  3 > 4 NEWLEADER 2:0
  3 > 5 TRUNC 1:2
  5: has 1:2 from its disk
  3 > 5 PROPOSAL 2:1 create /majority
  3 > 5 COMMIT 2:1
  5: applies 2:1
  3 > 5 NEWLEADER 2:0
  4: disk has 2:1
  4: acceptedEpoch 2, currentEpoch 2
  5: disk has 2:1
  5: acceptedEpoch 2, currentEpoch 2
  4 > 3 ACK 2:0
  5 > 3 ACK 2:0
  3 > 4 UPTODATE
  4: follower, serves clients
  3 > 5 UPTODATE
  5: follower, serves clients
  4 > 3 ACK 2:0
  5 > 3 ACK 2:0
settle
expect 5 lacks /minority
expect 5 has /majority
expect equal
