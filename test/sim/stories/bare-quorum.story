# Two of three servers are enough to begin; the third comes late and joins the leader there is, though its id is greater.
# Source: Apache ZooKeeper, FastLeaderElection: votes of servers that follow or lead; a late server joins an established leader

cluster 3 cold
start 1
  1: has 0:0 from its disk
  1: looking
# A server alone finds nobody, and serves nobody.
settle
expect no leader
start 2
  2: has 0:0 from its disk
  2: looking
settle
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 0
  2: acceptedEpoch 1, currentEpoch 0
  2 > 1 LEADERINFO epoch 1
  1: acceptedEpoch 1, currentEpoch 0
  1 > 2 ACKEPOCH last 0:0 currentEpoch 0
  2: acceptedEpoch 1, currentEpoch 1
  2 > 1 DIFF 0:0
  2 > 1 NEWLEADER 1:0
  1: acceptedEpoch 1, currentEpoch 1
  1 > 2 ACK 1:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 1:0
expect leader 2
create 1 /a
settle
  1 > 2 REQUEST createSession of a new session
  2: proposes 1:1 createSession a new session
  2 > 1 PROPOSAL 1:1 createSession a new session
  2: disk has 1:1
  1: disk has 1:1
  1 > 2 ACK 1:1
  2: commits 1:1
  2 > 1 COMMIT 1:1
  1: commits 1:1
  client-1: has its session, 10000 ms
  1 > 2 REQUEST create of client-1
  2: proposes 1:2 create /a
  2 > 1 PROPOSAL 1:2 create /a
  2: disk has 1:2
  1: disk has 1:2
  1 > 2 ACK 1:2
  2: commits 1:2
  2 > 1 COMMIT 1:2
  1: commits 1:2
  client-1: create /a: ok (1:2)
# The late one.
start 3
  3: has 0:0 from its disk
  3: looking
settle
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 0
  2 > 3 LEADERINFO epoch 1
  3: acceptedEpoch 1, currentEpoch 0
  3 > 2 ACKEPOCH last 0:0 currentEpoch 0
  2 > 3 SNAP 1:2
  3: has the tree of 2, 1:2
  2 > 3 NEWLEADER 1:0
  3: acceptedEpoch 1, currentEpoch 1
  3 > 2 ACK 1:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 1:0
expect leader 2
expect 3 follower
expect 3 has /a
expect equal
