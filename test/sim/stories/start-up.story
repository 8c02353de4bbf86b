# Three servers that know nothing find a leader: votes, the new epoch, its history, and only then clients.
# Source: Zab, phases 0 to 3: election, discovery, synchronization, broadcast

cluster 3 cold
show votes
start 1 2 3
  1: has 0:0 from its disk
  1: looking
  2: has 0:0 from its disk
  2: looking
  3: has 0:0 from its disk
  3: looking
settle
  1 > 2 looking 1 (epoch 0, last 0:0, round 1)
  2 > 1 looking 2 (epoch 0, last 0:0, round 1)
  1 > 3 looking 1 (epoch 0, last 0:0, round 1)
  3 > 1 looking 3 (epoch 0, last 0:0, round 1)
  2 > 3 looking 2 (epoch 0, last 0:0, round 1)
  3 > 2 looking 3 (epoch 0, last 0:0, round 1)
  1 > 2 looking 2 (epoch 0, last 0:0, round 1)
  1 > 3 looking 2 (epoch 0, last 0:0, round 1)
  1 > 2 looking 3 (epoch 0, last 0:0, round 1)
  2: follower
  1 > 3 looking 3 (epoch 0, last 0:0, round 1)
  2 > 1 looking 3 (epoch 0, last 0:0, round 1)
  1: follower
  2 > 3 looking 3 (epoch 0, last 0:0, round 1)
  3: leader
  2 > 1 following 3 (epoch 0, last 0:0, round 1)
  2 > 3 following 3 (epoch 0, last 0:0, round 1)
  1 > 2 following 3 (epoch 0, last 0:0, round 1)
  1 > 3 following 3 (epoch 0, last 0:0, round 1)
  3 > 1 leading 3 (epoch 0, last 0:0, round 1)
  3 > 2 leading 3 (epoch 0, last 0:0, round 1)
  2: connected to 3
  1: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 0
  3: acceptedEpoch 1, currentEpoch 0
  1 > 3 FOLLOWERINFO acceptedEpoch 0
  3 > 2 LEADERINFO epoch 1
  2: acceptedEpoch 1, currentEpoch 0
  3 > 1 LEADERINFO epoch 1
  1: acceptedEpoch 1, currentEpoch 0
  2 > 3 ACKEPOCH last 0:0 currentEpoch 0
  3: acceptedEpoch 1, currentEpoch 1
  1 > 3 ACKEPOCH last 0:0 currentEpoch 0
  3 > 2 DIFF 0:0
  3 > 2 NEWLEADER 1:0
  2: acceptedEpoch 1, currentEpoch 1
  3 > 1 DIFF 0:0
  3 > 1 NEWLEADER 1:0
  1: acceptedEpoch 1, currentEpoch 1
  2 > 3 ACK 1:0
  3: leader, serves clients
  1 > 3 ACK 1:0
  3 > 2 UPTODATE
  2: follower, serves clients
  3 > 1 UPTODATE
  1: follower, serves clients
  2 > 3 ACK 1:0
  1 > 3 ACK 1:0
roles
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
expect leader 3
