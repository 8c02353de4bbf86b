# A newer epoch beats a longer log: what its leader never got to commit is cut off, though it is longer.
# Source: Apache ZooKeeper, FastLeaderElection.totalOrderPredicate; Zab, a later leader's history decides

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
kill 1 2
  1: down
  2: down
# Nobody hears of these.
create 3 /lost-1
create 3 /lost-2
settle
  3: proposes 1:1 createSession a new session
  3: disk has 1:1
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: applies 1:1
  3: looking
  client-3: disconnected, without an answer to create /lost-1, create /lost-2
kill 3
  3: down
start 1 2
  1: has 0:0 from its disk
  1: looking
  2: has 0:0 from its disk
  2: looking
settle
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 ACKEPOCH last 0:0 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 DIFF 0:0
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
expect leader 2
# Nothing was written in the new epoch when its leader goes.
kill 2
  2: down
show votes
start 3
  3: has 1:1 from its disk
  3: looking
settle
  1: loses the connection to 2
  1: "the role as follower is over: the connection ended"
  1: looking
  1 > 3 looking 1 (epoch 2, last 0:0, round 2)
  3: follower
  3 > 1 looking 3 (epoch 1, last 1:1, round 1)
  3 > 1 following 1 (epoch 2, last 0:0, round 2)
  1: leader
  1 > 3 looking 1 (epoch 2, last 0:0, round 2)
  3: connected to 1
  3 > 1 following 1 (epoch 2, last 0:0, round 2)
  3 > 1 FOLLOWERINFO acceptedEpoch 1
  1: acceptedEpoch 3, currentEpoch 2
  1 > 3 LEADERINFO epoch 3
  3: acceptedEpoch 3, currentEpoch 1
  3 > 1 ACKEPOCH last 1:1 currentEpoch 1
  1: acceptedEpoch 3, currentEpoch 3
  1 > 3 SNAP 0:0
  3: has the tree of 1, 0:0
  1 > 3 NEWLEADER 3:0
  3: acceptedEpoch 3, currentEpoch 3
  3 > 1 ACK 3:0
  1: leader, serves clients
  1 > 3 UPTODATE
  3: follower, serves clients
  3 > 1 ACK 3:0
  3 > 1 following 1 (epoch 3, last 0:0, round 2)
expect leader 1
expect 3 lacks /lost-1 /lost-2
expect equal
