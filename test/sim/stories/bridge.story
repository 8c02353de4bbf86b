# A bridge: two servers cannot hear each other and both hear the third. There is one leader all the same.
# Source: network partitions; Zab, a leader needs a quorum and not everybody

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
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
partition 1 | 3
tick 7000
  1: "the role as follower is over: the leader has been silent for 5001 ms"
  1: looking
  s1: disconnected
settle
roles
  1 looking, last 1:1
  2 follower, serves clients, last 1:1
  3 leader, serves clients, last 1:1
create 2 /a
settle
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  3 > 2 PROPOSAL 1:2 createSession a new session
  3: disk has 1:2
  2: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  client-2: has its session, 10000 ms
  2 > 3 REQUEST create of client-2
  3: proposes 1:3 create /a
  3 > 2 PROPOSAL 1:3 create /a
  3: disk has 1:3
  2: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  client-2: create /a: ok (1:3)
heal
tick 3000
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:1 currentEpoch -1
  3 > 1 DIFF 1:3
  3 > 1 PROPOSAL 1:2 createSession client-2
  3 > 1 COMMIT 1:2
  1: applies 1:2
  3 > 1 PROPOSAL 1:3 create /a
  3 > 1 COMMIT 1:3
  1: applies 1:3
  3 > 1 NEWLEADER 1:0
  1: disk has 1:2
  1: disk has 1:3
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
  3: proposes 1:4 closeSession s1
  3 > 2 PROPOSAL 1:4 closeSession s1
  3 > 1 PROPOSAL 1:4 closeSession s1
  3: disk has 1:4
  2: disk has 1:4
  1: disk has 1:4
  2 > 3 ACK 1:4
  3: commits 1:4
  1 > 3 ACK 1:4
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
  1: commits 1:4
settle
expect 1 has /a
expect equal
