# An epoch that somebody has promised to a leader that failed is never used by another.
# Source: Zab, discovery: epochs of leaders differ

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
create 1 /a
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
  client-1: has its session, 10000 ms
  1 > 3 REQUEST create of client-1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  1: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  client-1: create /a: ok (1:2)
kill 3
  3: down
until 1: acceptedEpoch 2
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
  client-1: disconnected
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
# Server 1 has promised epoch 2 to server 2, which goes before it hears of it.
kill 2
  2: down
settle
  1: loses the connection to 2
  1: "the role as follower is over: the connection ended"
  1: looking
start 3
  3: has 1:2 from its disk
  3: looking
settle
  1: follower
  3: leader
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 2
  3: acceptedEpoch 3, currentEpoch 1
  3 > 1 LEADERINFO epoch 3
  1: acceptedEpoch 3, currentEpoch 1
  1 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3: acceptedEpoch 3, currentEpoch 3
  3 > 1 DIFF 1:2
  3 > 1 NEWLEADER 3:0
  1: acceptedEpoch 3, currentEpoch 3
  1 > 3 ACK 3:0
  3: leader, serves clients
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 3:0
expect leader 3
roles
  1 follower, serves clients, last 1:2
  2 down, last 1:2
  3 leader, serves clients, last 3:0
disk 1
  acceptedEpoch: 3
  currentEpoch: 3
  log.100000001
  snapshot.0
