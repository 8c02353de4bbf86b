# A follower that notices late that its leader is gone is told at once what the others vote, who have waited for long.
# Source: this implementation; in Apache ZooKeeper it hears that with their next vote, which may be a minute later

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
# Server 1 does not hear of the end of its leader.
partition 3 | 1
kill 3
  3: down
show votes
settle
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  2 > 1 looking 2 (epoch 1, last 1:2, round 2)
  1 > 2 following 3 (epoch 1, last 0:0, round 1)
  2 > 1 looking 2 (epoch 1, last 1:2, round 2)
  1 > 2 following 3 (epoch 1, last 0:0, round 1)
tick 4000
  2 > 1 looking 2 (epoch 1, last 1:2, round 2)
  1 > 2 following 3 (epoch 1, last 0:0, round 1)
  2 > 1 looking 2 (epoch 1, last 1:2, round 2)
  1 > 2 following 3 (epoch 1, last 0:0, round 1)
  2 > 1 looking 2 (epoch 1, last 1:2, round 2)
  1 > 2 following 3 (epoch 1, last 0:0, round 1)
hide votes
expect no leader
until 1: looking
  1: "the role as follower is over: the leader has been silent for 5001 ms"
  1: looking
  client-1: disconnected
show votes
settle
  1 > 2 looking 1 (epoch 1, last 1:2, round 2)
  2 > 1 looking 2 (epoch 1, last 1:2, round 2)
  1 > 2 looking 2 (epoch 1, last 1:2, round 2)
  2: leader
  2 > 1 leading 2 (epoch 1, last 1:2, round 2)
  1: follower
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
  2 > 1 leading 2 (epoch 2, last 1:2, round 2)
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
expect leader 2
