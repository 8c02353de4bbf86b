# Who has the longest history leads, whatever its id: votes are ordered by epoch, then zxid, then server id.
# Source: Apache ZooKeeper, FastLeaderElection.totalOrderPredicate

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
# Server 2 misses this one.
kill 2
  2: down
create 1 /a
settle
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  1: disk has 1:1
  1 > 3 ACK 1:1
  3: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  client-1: has its session, 10000 ms
  1 > 3 REQUEST create of client-1
  3: proposes 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
  1: disk has 1:2
  1 > 3 ACK 1:2
  3: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  client-1: create /a: ok (1:2)
kill 1 3
  1: down
  3: down
  client-1: disconnected
show votes
start 1 2
  1: has 1:2 from its disk
  1: looking
  2: has 0:0 from its disk
  2: looking
settle
  1 > 2 looking 1 (epoch 1, last 1:2, round 1)
  2: follower
  2 > 1 looking 2 (epoch 1, last 0:0, round 1)
  2 > 1 following 1 (epoch 1, last 1:2, round 1)
  1: leader
  2: connected to 1
  2 > 1 FOLLOWERINFO acceptedEpoch 1
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 ACKEPOCH last 0:0 currentEpoch 1
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 SNAP 1:2
  2: has the tree of 1, 1:2
  1 > 2 NEWLEADER 2:0
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 ACK 2:0
  1: leader, serves clients
  1 > 2 UPTODATE
  2: follower, serves clients
  2 > 1 ACK 2:0
  2 > 1 following 1 (epoch 2, last 1:2, round 1)
expect leader 1
expect 2 has /a
