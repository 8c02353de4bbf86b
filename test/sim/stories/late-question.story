# A session is had at a server once the leader has answered that server's last question about it, not an earlier one: the late one
# would take the session back from where its client has gone on meanwhile, and what was asked behind it would be done late.
# Source: found by the simulator

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 2
settle
  2 > 3 REQUEST createSession of a new session
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
  s1: has its session, 10000 ms
  3 > 1 COMMIT 1:1
  1: commits 1:1
hold 3 > 1
move s1 1
until 1 > 3 REVALIDATE s1
  1 > 3 REVALIDATE s1
hold 1 > 3
# The client has lost patience and comes to the same server again; what is asked now is on its way for long.
move s1 1
tick 10
  s1: its connection from before is closed
release 3 > 1
settle
  3 > 1 REVALIDATE s1 lives
# Nothing was done for it here. It goes on at another server.
move s1 2
settle
  2 > 3 REVALIDATE s1
  3 > 2 REVALIDATE s1 lives
  s1: its connection from before is closed
  s1: has its session, 10000 ms
create s1 /through-2
settle
  2 > 3 REQUEST create of s1
  3: proposes 1:2 create /through-2
  3 > 2 PROPOSAL 1:2 create /through-2
  3 > 1 PROPOSAL 1:2 create /through-2
  3: disk has 1:2
  2: disk has 1:2
  1: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s1: create /through-2: ok (1:2)
  3 > 1 COMMIT 1:2
  1: commits 1:2
release 1 > 3
settle
  1 > 3 REVALIDATE s1
  1 > 3 ACK 1:2
  3 > 1 REVALIDATE s1 lives
create s1 /refused
settle
  2 > 3 REQUEST create of s1
  3: proposes 1:3 error SessionMoved
  3 > 2 PROPOSAL 1:3 error SessionMoved
  3 > 1 PROPOSAL 1:3 error SessionMoved
  3: disk has 1:3
  2: disk has 1:3
  1: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  1 > 3 ACK 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  s1: disconnected, without an answer to create /refused
  3 > 1 COMMIT 1:3
  1: commits 1:3
move s1 2
settle
  2 > 3 REVALIDATE s1
  3 > 2 REVALIDATE s1 lives
  s1: has its session, 10000 ms
create s1 /again
settle
  2 > 3 REQUEST create of s1
  3: proposes 1:4 create /again
  3 > 2 PROPOSAL 1:4 create /again
  3 > 1 PROPOSAL 1:4 create /again
  3: disk has 1:4
  2: disk has 1:4
  1: disk has 1:4
  2 > 3 ACK 1:4
  3: commits 1:4
  1 > 3 ACK 1:4
  3 > 2 COMMIT 1:4
  2: commits 1:4
  s1: create /again: ok (1:4)
  3 > 1 COMMIT 1:4
  1: commits 1:4
expect equal
