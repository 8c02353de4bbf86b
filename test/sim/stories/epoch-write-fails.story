# A server that cannot write the epoch that it accepts ends before it has promised anything; when it is back it is as it was.
# Source: failures to write the epoch files (EpochWriteFailureTest, CurrentEpochWriteFailureTest)

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
fail-epoch 1
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
  1: ends: EIO: simulated, rename '/data/version-2/acceptedEpoch.tmp'
  1: down
expect 1 down
expect no leader
disk 1
  acceptedEpoch: 1
  acceptedEpoch.tmp
  currentEpoch: 1
  log.100000001
  snapshot.0
start 1
  1: has 1:2 from its disk
  1: looking
settle
  2: "the role as leader is over: only servers 2 are left of a quorum"
  2: looking
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 3, currentEpoch 1
  2 > 1 LEADERINFO epoch 3
  1: acceptedEpoch 3, currentEpoch 1
  1 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2: acceptedEpoch 3, currentEpoch 3
  2 > 1 DIFF 1:2
  2 > 1 NEWLEADER 3:0
  1: acceptedEpoch 3, currentEpoch 3
  1 > 2 ACK 3:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 3:0
tick 1000
settle
expect leader 2
create 1 /b
settle
  1 > 2 REQUEST createSession of a new session
  2: proposes 3:1 createSession a new session
  2 > 1 PROPOSAL 3:1 createSession a new session
  2: disk has 3:1
  1: disk has 3:1
  1 > 2 ACK 3:1
  2: commits 3:1
  2 > 1 COMMIT 3:1
  1: commits 3:1
  client-1: has its session, 10000 ms
  1 > 2 REQUEST create of client-1
  2: proposes 3:2 create /b
  2 > 1 PROPOSAL 3:2 create /b
  2: disk has 3:2
  1: disk has 3:2
  1 > 2 ACK 3:2
  2: commits 3:2
  2 > 1 COMMIT 3:2
  1: commits 3:2
  client-1: create /b: ok (3:2)
disk 1
  acceptedEpoch: 3
  currentEpoch: 3
  log.100000001
  log.300000001
  snapshot.0
