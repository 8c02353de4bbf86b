# With heartbeats the only sign, a leader steps down after syncLimit ticks without a quorum, not before.
# Source: Apache ZooKeeper, Leader.lead: syncLimit

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 3
settle
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  1: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  s1: has its session, 10000 ms
  1 > 3 ACK 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
# Machines are gone, and nothing closes the connections. syncLimit is 5 ticks of 1000 ms.
vanish 1 2
  1: down
  2: down
tick 4500
expect 3 leader
tick 1500
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: looking
  s1: disconnected
expect 3 looking
