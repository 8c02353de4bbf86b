# Who was elected and finds no followers gives up after initLimit, and follows whom the others have elected meanwhile.
# Source: ZOOKEEPER-3109, voters that have left

cluster 3 cold
start 1 2 3
  1: has 0:0 from its disk
  1: looking
  2: has 0:0 from its disk
  2: looking
  3: has 0:0 from its disk
  3: looking
until 3: leader
  2: follower
  1: follower
  3: leader
kill 1 2
  1: down
  2: down
start 1 2
  1: has 0:0 from its disk
  1: looking
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
expect 3 leader
tick 11000
  3: "the role as leader is over: no quorum of followers within initLimit, 10000 ms"
  3: looking
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 0
  2 > 3 LEADERINFO epoch 1
  3: acceptedEpoch 1, currentEpoch 0
  3 > 2 ACKEPOCH last 0:0 currentEpoch 0
  2 > 3 SNAP 1:0
  3: has the tree of 2, 1:0
  2 > 3 NEWLEADER 1:0
  3: acceptedEpoch 1, currentEpoch 1
  3 > 2 ACK 1:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 1:0
settle
expect leader 2
expect 3 follower
expect equal
