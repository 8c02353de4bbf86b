# Three groups of three: a quorum is a majority of the groups, in each of them a majority.
# Source: Apache ZooKeeper, QuorumHierarchical

cluster 9 groups 1,2,3|4,5,6|7,8,9
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 follower, serves clients, last 0:0
  4 follower, serves clients, last 0:0
  5 follower, serves clients, last 0:0
  6 follower, serves clients, last 0:0
  7 follower, serves clients, last 0:0
  8 follower, serves clients, last 0:0
  9 leader, serves clients, last 1:0
# A whole group may be gone, and one of each other: four servers of nine are enough.
crash 7 8 9
  7: down
  8: down
  9: down
settle
  1: loses the connection to 9
  1: "the role as follower is over: the connection ended"
  1: looking
  2: loses the connection to 9
  2: "the role as follower is over: the connection ended"
  2: looking
  3: loses the connection to 9
  3: "the role as follower is over: the connection ended"
  3: looking
  4: loses the connection to 9
  4: "the role as follower is over: the connection ended"
  4: looking
  5: loses the connection to 9
  5: "the role as follower is over: the connection ended"
  5: looking
  6: loses the connection to 9
  6: "the role as follower is over: the connection ended"
  6: looking
  5: follower
  1: follower
  2: follower
  3: follower
  4: follower
  6: leader
  5: connected to 6
  1: connected to 6
  2: connected to 6
  3: connected to 6
  4: connected to 6
  5 > 6 FOLLOWERINFO acceptedEpoch 1
  1 > 6 FOLLOWERINFO acceptedEpoch 1
  2 > 6 FOLLOWERINFO acceptedEpoch 1
  6: acceptedEpoch 2, currentEpoch 1
  3 > 6 FOLLOWERINFO acceptedEpoch 1
  4 > 6 FOLLOWERINFO acceptedEpoch 1
  6 > 5 LEADERINFO epoch 2
  5: acceptedEpoch 2, currentEpoch 1
  6 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  6 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  6 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  6 > 4 LEADERINFO epoch 2
  4: acceptedEpoch 2, currentEpoch 1
  5 > 6 ACKEPOCH last 0:0 currentEpoch 1
  1 > 6 ACKEPOCH last 0:0 currentEpoch 1
  2 > 6 ACKEPOCH last 0:0 currentEpoch 1
  6: acceptedEpoch 2, currentEpoch 2
  3 > 6 ACKEPOCH last 0:0 currentEpoch 1
  4 > 6 ACKEPOCH last 0:0 currentEpoch 1
  6 > 5 DIFF 0:0
  6 > 5 NEWLEADER 2:0
  5: acceptedEpoch 2, currentEpoch 2
  6 > 1 DIFF 0:0
  6 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  6 > 2 DIFF 0:0
  6 > 2 NEWLEADER 2:0
  2: acceptedEpoch 2, currentEpoch 2
  6 > 3 DIFF 0:0
  6 > 3 NEWLEADER 2:0
  3: acceptedEpoch 2, currentEpoch 2
  6 > 4 DIFF 0:0
  6 > 4 NEWLEADER 2:0
  4: acceptedEpoch 2, currentEpoch 2
  5 > 6 ACK 2:0
  1 > 6 ACK 2:0
  2 > 6 ACK 2:0
  6: leader, serves clients
  3 > 6 ACK 2:0
  4 > 6 ACK 2:0
  6 > 5 UPTODATE
  5: follower, serves clients
  6 > 1 UPTODATE
  1: follower, serves clients
  6 > 2 UPTODATE
  2: follower, serves clients
  6 > 3 UPTODATE
  3: follower, serves clients
  6 > 4 UPTODATE
  4: follower, serves clients
  5 > 6 ACK 2:0
  1 > 6 ACK 2:0
  2 > 6 ACK 2:0
  3 > 6 ACK 2:0
  4 > 6 ACK 2:0
kill 1 4
  1: down
  4: down
settle
tick 1000
settle
roles
  1 down, last 0:0
  2 follower, serves clients, last 0:0
  3 follower, serves clients, last 0:0
  4 down, last 0:0
  5 follower, serves clients, last 0:0
  6 leader, serves clients, last 2:0
  7 down, last 0:0
  8 down, last 0:0
  9 down, last 1:0
create 6 /a
settle
  6: proposes 2:1 createSession a new session
  6 > 5 PROPOSAL 2:1 createSession a new session
  6 > 2 PROPOSAL 2:1 createSession a new session
  6 > 3 PROPOSAL 2:1 createSession a new session
  6: disk has 2:1
  5: disk has 2:1
  2: disk has 2:1
  3: disk has 2:1
  5 > 6 ACK 2:1
  2 > 6 ACK 2:1
  3 > 6 ACK 2:1
  6: commits 2:1
  6: proposes 2:2 create /a
  client-6: has its session, 10000 ms
  6 > 5 COMMIT 2:1
  5: commits 2:1
  6 > 5 PROPOSAL 2:2 create /a
  6 > 2 COMMIT 2:1
  2: commits 2:1
  6 > 2 PROPOSAL 2:2 create /a
  6 > 3 COMMIT 2:1
  3: commits 2:1
  6 > 3 PROPOSAL 2:2 create /a
  6: disk has 2:2
  5: disk has 2:2
  2: disk has 2:2
  3: disk has 2:2
  5 > 6 ACK 2:2
  2 > 6 ACK 2:2
  3 > 6 ACK 2:2
  6: commits 2:2
  client-6: create /a: ok (2:2)
  6 > 5 COMMIT 2:2
  5: commits 2:2
  6 > 2 COMMIT 2:2
  2: commits 2:2
  6 > 3 COMMIT 2:2
  3: commits 2:2
expect 2 has /a
# One more, and the first group has no majority left.
kill 2
  2: down
tick 2000
  6: "the role as leader is over: only servers 6, 5, 3 are left of a quorum"
  6: looking
  client-6: disconnected
  5: loses the connection to 6
  5: "the role as follower is over: the connection ended"
  5: looking
  3: loses the connection to 6
  3: "the role as follower is over: the connection ended"
  3: looking
settle
expect no leader
# Five of nine are no quorum when they are in the wrong groups: all of one, and one of each other.
start 7 8 9
  7: has 0:0 from its disk
  7: looking
  8: has 0:0 from its disk
  8: looking
  9: has 0:0 from its disk
  9: looking
kill 5
  5: down
settle
tick 2000
settle
roles
  1 down, last 0:0
  2 down, last 2:2
  3 looking, last 2:2
  4 down, last 0:0
  5 down, last 2:2
  6 looking, last 2:2
  7 looking, last 0:0
  8 looking, last 0:0
  9 looking, last 0:0
expect no leader
start 1
  1: has 0:0 from its disk
  1: looking
tick 1000
  1: follower
  3: follower
  6: leader
  7: follower
  8: follower
  9: follower
  1: connected to 6
  3: connected to 6
  7: connected to 6
  8: connected to 6
  9: connected to 6
  1 > 6 FOLLOWERINFO acceptedEpoch 2
  3 > 6 FOLLOWERINFO acceptedEpoch 2
  7 > 6 FOLLOWERINFO acceptedEpoch 1
  8 > 6 FOLLOWERINFO acceptedEpoch 1
  6: acceptedEpoch 3, currentEpoch 2
  9 > 6 FOLLOWERINFO acceptedEpoch 1
  6 > 1 LEADERINFO epoch 3
  1: acceptedEpoch 3, currentEpoch 2
  6 > 3 LEADERINFO epoch 3
  3: acceptedEpoch 3, currentEpoch 2
  6 > 7 LEADERINFO epoch 3
  7: acceptedEpoch 3, currentEpoch 1
  6 > 8 LEADERINFO epoch 3
  8: acceptedEpoch 3, currentEpoch 1
  6 > 9 LEADERINFO epoch 3
  9: acceptedEpoch 3, currentEpoch 1
  1 > 6 ACKEPOCH last 0:0 currentEpoch 2
  3 > 6 ACKEPOCH last 2:2 currentEpoch 2
  7 > 6 ACKEPOCH last 0:0 currentEpoch 1
  8 > 6 ACKEPOCH last 0:0 currentEpoch 1
  6: acceptedEpoch 3, currentEpoch 3
  9 > 6 ACKEPOCH last 0:0 currentEpoch 1
  6 > 1 SNAP 2:2
  1: has the tree of 6, 2:2
  6 > 3 DIFF 2:2
  6 > 3 NEWLEADER 3:0
  3: acceptedEpoch 3, currentEpoch 3
  6 > 7 SNAP 2:2
  7: has the tree of 6, 2:2
  6 > 8 SNAP 2:2
  8: has the tree of 6, 2:2
  6 > 9 SNAP 2:2
  9: has the tree of 6, 2:2
  6 > 1 NEWLEADER 3:0
  3 > 6 ACK 3:0
  6 > 7 NEWLEADER 3:0
  6 > 8 NEWLEADER 3:0
  6 > 9 NEWLEADER 3:0
  1: acceptedEpoch 3, currentEpoch 3
  7: acceptedEpoch 3, currentEpoch 3
  8: acceptedEpoch 3, currentEpoch 3
  9: acceptedEpoch 3, currentEpoch 3
  1 > 6 ACK 3:0
  7 > 6 ACK 3:0
  8 > 6 ACK 3:0
  6: leader, serves clients
  9 > 6 ACK 3:0
  6 > 1 UPTODATE
  1: follower, serves clients
  6 > 3 UPTODATE
  3: follower, serves clients
  6 > 7 UPTODATE
  7: follower, serves clients
  6 > 8 UPTODATE
  8: follower, serves clients
  6 > 9 UPTODATE
  9: follower, serves clients
  1 > 6 ACK 3:0
  3 > 6 ACK 3:0
  7 > 6 ACK 3:0
  8 > 6 ACK 3:0
  9 > 6 ACK 3:0
settle
roles
  1 follower, serves clients, last 2:2
  2 down, last 2:2
  3 follower, serves clients, last 2:2
  4 down, last 0:0
  5 down, last 2:2
  6 leader, serves clients, last 3:0
  7 follower, serves clients, last 2:2
  8 follower, serves clients, last 2:2
  9 follower, serves clients, last 2:2
expect 7 has /a
