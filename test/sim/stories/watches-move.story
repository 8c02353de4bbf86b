# Watches belong to the server that the client was connected to. On the next one it asks for them as of what it has seen.
# Source: Apache ZooKeeper, SetWatches

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
session s2 at 2
create s2 /a
create s2 /b
settle
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  3 > 2 PROPOSAL 1:2 createSession a new session
  3 > 1 PROPOSAL 1:2 createSession a new session
  2: disk has 1:1
  1: disk has 1:1
  3: disk has 1:2
  2 > 3 ACK 1:1
  3: commits 1:1
  2: disk has 1:2
  1 > 3 ACK 1:1
  1: disk has 1:2
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  s1: has its session, 10000 ms
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s2: has its session, 10000 ms
  3 > 1 COMMIT 1:2
  1: commits 1:2
  2 > 3 REQUEST create of s2
  3: proposes 1:3 create /a
  2 > 3 REQUEST create of s2
  3: proposes 1:4 create /b
  3 > 2 PROPOSAL 1:3 create /a
  3 > 1 PROPOSAL 1:3 create /a
  3: disk has 1:3
  3 > 2 PROPOSAL 1:4 create /b
  3 > 1 PROPOSAL 1:4 create /b
  2: disk has 1:3
  1: disk has 1:3
  3: disk has 1:4
  2 > 3 ACK 1:3
  3: commits 1:3
  2: disk has 1:4
  1 > 3 ACK 1:3
  1: disk has 1:4
  3 > 2 COMMIT 1:3
  2: commits 1:3
  s2: create /a: ok (1:3)
  3 > 1 COMMIT 1:3
  1: commits 1:3
  2 > 3 ACK 1:4
  3: commits 1:4
  1 > 3 ACK 1:4
  3 > 2 COMMIT 1:4
  2: commits 1:4
  s2: create /b: ok (1:4)
  3 > 1 COMMIT 1:4
  1: commits 1:4
get s1 /a watch
get s1 /b watch
settle
  s1: get /a: ok "/a" (1:4)
  s1: get /b: ok "/b" (1:4)
# It changes while the client is between two servers.
drop s1
  s1: disconnected
set s2 /a new
settle
  2 > 3 REQUEST setData of s2
  3: proposes 1:5 setData /a
  3 > 2 PROPOSAL 1:5 setData /a
  3 > 1 PROPOSAL 1:5 setData /a
  3: disk has 1:5
  2: disk has 1:5
  1: disk has 1:5
  2 > 3 ACK 1:5
  3: commits 1:5
  1 > 3 ACK 1:5
  3 > 2 COMMIT 1:5
  2: commits 1:5
  s2: set /a: ok version 1 (1:5)
  3 > 1 COMMIT 1:5
  1: commits 1:5
move s1 3
rearm s1 /a /b
settle
  s1: has its session, 10000 ms
  s1: event DataChanged /a
  s1: rearm /a /b: ok (1:5)
set s2 /b new
settle
  2 > 3 REQUEST setData of s2
  3: proposes 1:6 setData /b
  3 > 2 PROPOSAL 1:6 setData /b
  3 > 1 PROPOSAL 1:6 setData /b
  3: disk has 1:6
  2: disk has 1:6
  1: disk has 1:6
  2 > 3 ACK 1:6
  3: commits 1:6
  s1: event DataChanged /b
  1 > 3 ACK 1:6
  3 > 2 COMMIT 1:6
  2: commits 1:6
  s2: set /b: ok version 1 (1:6)
  3 > 1 COMMIT 1:6
  1: commits 1:6
expect equal
