# Rounds and zxids of votes differ between servers of a running ensemble, and a late one joins all the same.
# Source: ZOOKEEPER-1732, 1777, 1805: outside of LOOKING only leader and epoch of a vote are compared

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
# The others elect anew, so their round is the second. Whoever comes back begins with the first.
kill 3
  3: down
settle
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
  1 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 DIFF 1:2
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
expect leader 2
create 1 /b
settle
  1 > 2 REQUEST createSession of a new session
  2: proposes 2:1 createSession a new session
  2 > 1 PROPOSAL 2:1 createSession a new session
  2: disk has 2:1
  1: disk has 2:1
  1 > 2 ACK 2:1
  2: commits 2:1
  2 > 1 COMMIT 2:1
  1: commits 2:1
  client-1: has its session, 10000 ms
  1 > 2 REQUEST create of client-1
  2: proposes 2:2 create /b
  2 > 1 PROPOSAL 2:2 create /b
  2: disk has 2:2
  1: disk has 2:2
  1 > 2 ACK 2:2
  2: commits 2:2
  2 > 1 COMMIT 2:2
  1: commits 2:2
  client-1: create /b: ok (2:2)
show votes
start 3
  3: has 1:2 from its disk
  3: looking
settle
  1 > 3 following 2 (epoch 2, last 1:2, round 2)
  3 > 1 looking 3 (epoch 1, last 1:2, round 1)
  2 > 3 leading 2 (epoch 2, last 1:2, round 2)
  3: follower
  3 > 2 looking 3 (epoch 1, last 1:2, round 1)
  1 > 3 following 2 (epoch 2, last 1:2, round 2)
  2 > 3 leading 2 (epoch 2, last 1:2, round 2)
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2 > 3 DIFF 2:2
  2 > 3 PROPOSAL 2:1 createSession client-1
  2 > 3 COMMIT 2:1
  3: applies 2:1
  2 > 3 PROPOSAL 2:2 create /b
  2 > 3 COMMIT 2:2
  3: applies 2:2
  2 > 3 NEWLEADER 2:0
  3: disk has 2:1
  3: disk has 2:2
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 ACK 2:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 2:0
expect leader 2
expect 3 follower
kill 1
  1: down
  client-1: disconnected
create 3 /c
settle
  3 > 2 REQUEST createSession of a new session
  2: proposes 2:3 createSession a new session
  2 > 3 PROPOSAL 2:3 createSession a new session
  2: disk has 2:3
  3: disk has 2:3
  3 > 2 ACK 2:3
  2: commits 2:3
  2 > 3 COMMIT 2:3
  3: commits 2:3
  client-3: has its session, 10000 ms
  3 > 2 REQUEST create of client-3
  2: proposes 2:4 create /c
  2 > 3 PROPOSAL 2:4 create /c
  2: disk has 2:4
  3: disk has 2:4
  3 > 2 ACK 2:4
  2: commits 2:4
  2 > 3 COMMIT 2:4
  3: commits 2:4
  client-3: create /c: ok (2:4)
# It hears of one leader, and of two zxids that it was elected with: its own last one and that of then.
start 1
  1: has 2:2 from its disk
  1: looking
settle
  1 > 2 looking 1 (epoch 2, last 2:2, round 1)
  2 > 1 leading 2 (epoch 2, last 1:2, round 2)
  1 > 3 looking 1 (epoch 2, last 2:2, round 1)
  3 > 1 following 2 (epoch 2, last 1:2, round 2)
  1: follower
  2 > 1 leading 2 (epoch 2, last 1:2, round 2)
  3 > 1 following 2 (epoch 2, last 1:2, round 2)
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 2
  2 > 1 LEADERINFO epoch 2
  1 > 2 ACKEPOCH last 2:2 currentEpoch -1
  2 > 1 DIFF 2:4
  2 > 1 PROPOSAL 2:3 createSession client-3
  2 > 1 COMMIT 2:3
  1: applies 2:3
  2 > 1 PROPOSAL 2:4 create /c
  2 > 1 COMMIT 2:4
  1: applies 2:4
  2 > 1 NEWLEADER 2:0
  1: disk has 2:3
  1: disk has 2:4
  1 > 2 ACK 2:0
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
expect leader 2
expect 1 follower
expect equal
