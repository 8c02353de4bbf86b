# A follower's acknowledgement counts no more once the leader has it cut that transaction off: it would commit what one disk has.
# Source: Zab, a quorum must have on disk what is committed; found by the model of the phases

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s3 at 3
settle
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  1: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  s3: has its session, 10000 ms
  1 > 3 ACK 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
# On server 1's disk only, so far: those of 2 and 3 are slow.
slow-disk 3
slow-disk 2
create s3 /a
settle
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  1: disk has 1:2
  1 > 3 ACK 1:2
# Server 1 comes again. It has one transaction more than is committed: it is cut back, and gets it anew.
cut 1 3
until 3 > 1 TRUNC
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: applies 1:2
  1: looking
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:2 currentEpoch -1
  3 > 1 TRUNC 1:1
  1: has 1:1 from its disk
slow-disk 1
# Now one other disk has it: server 1's word from before must not make a quorum with it.
fast-disk 2
settle
  3 > 1 NEWLEADER 1:0
  3 > 1 PROPOSAL 1:2 create /a
  2: disk has 1:2
  1 > 3 ACK 1:0
  2 > 3 ACK 1:2
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
expect 3 lacks /a
fast-disk 1
settle
  1: disk has 1:2
  1 > 3 ACK 1:2
  3: commits 1:2
  s3: create /a: ok (1:2)
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
expect 3 has /a
fast-disk 3
settle
  3: disk has 1:2
expect equal
