# A follower that hears nothing any more looks for a leader after syncLimit; the others go on meanwhile.
# Source: Apache ZooKeeper, Follower: a leader that is silent for syncLimit is given up

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 2
settle
  2 > 3 REQUEST createSession of a new session
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
  s1: has its session, 10000 ms
  3 > 1 COMMIT 1:1
  1: commits 1:1
one-way 1 > 3
one-way 1 > 2
create s1 /a
settle
  2 > 3 REQUEST create of s1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s1: create /a: ok (1:2)
expect 2 has /a
expect 1 lacks /a
tick 6000
  1: "the role as follower is over: the leader has been silent for 5001 ms"
  1: looking
expect 1 looking
expect leader 3
heal
tick 3000
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:1 currentEpoch -1
  3 > 1 DIFF 1:2
  3 > 1 PROPOSAL 1:2 create /a
  3 > 1 COMMIT 1:2
  1: applies 1:2
  3 > 1 NEWLEADER 1:0
  1: disk has 1:2
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
settle
expect 1 follower
expect equal
