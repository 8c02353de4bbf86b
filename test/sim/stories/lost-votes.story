# Votes that are lost with a connection are said again on the next one: an election does not hang on one message.
# Source: election with lost messages (FLELostMessageTest)

cluster 3 cold
# What 1 and 2 say to each other does not arrive, and is lost with their connection. Server 3 is not there.
hold 1 > 2
hold 2 > 1
show votes
start 1 2
  1: has 0:0 from its disk
  1: looking
  2: has 0:0 from its disk
  2: looking
settle
expect no leader
cut 1 2
heal
tick 1000
  1 > 2 looking 1 (epoch 0, last 0:0, round 1)
  2 > 1 looking 2 (epoch 0, last 0:0, round 1)
  1: follower
  2 > 1 looking 2 (epoch 0, last 0:0, round 1)
  1 > 2 following 2 (epoch 0, last 0:0, round 1)
  2: leader
  1: connected to 2
  1 > 2 following 2 (epoch 0, last 0:0, round 1)
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
  1 > 2 following 2 (epoch 1, last 0:0, round 1)
settle
expect leader 2
