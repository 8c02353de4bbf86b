# What clients ask is done in the order in which each of them asked, and all servers do all in one order.
# Source: Zab, total order and local primary order

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
session s2 at 2
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
create s1 /q- sequential
create s2 /q- sequential
create s1 /q- sequential
create s2 /q- sequential
create s1 /q- sequential
settle
  1 > 3 REQUEST create of s1
  3: proposes 1:3 create /q-0000000000
  2 > 3 REQUEST create of s2
  3: proposes 1:4 create /q-0000000001
  1 > 3 REQUEST create of s1
  3: proposes 1:5 create /q-0000000002
  2 > 3 REQUEST create of s2
  3: proposes 1:6 create /q-0000000003
  1 > 3 REQUEST create of s1
  3: proposes 1:7 create /q-0000000004
  3 > 2 PROPOSAL 1:3 create /q-0000000000
  3 > 1 PROPOSAL 1:3 create /q-0000000000
  3: disk has 1:3
  3 > 2 PROPOSAL 1:4 create /q-0000000001
  3 > 1 PROPOSAL 1:4 create /q-0000000001
  3 > 2 PROPOSAL 1:5 create /q-0000000002
  3 > 1 PROPOSAL 1:5 create /q-0000000002
  3 > 2 PROPOSAL 1:6 create /q-0000000003
  3 > 1 PROPOSAL 1:6 create /q-0000000003
  3 > 2 PROPOSAL 1:7 create /q-0000000004
  3 > 1 PROPOSAL 1:7 create /q-0000000004
  2: disk has 1:3
  1: disk has 1:3
  3: disk has 1:7
  2 > 3 ACK 1:3
  3: commits 1:3
  2: disk has 1:7
  1 > 3 ACK 1:3
  1: disk has 1:7
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  s1: create /q-: ok /q-0000000000 (1:3)
  2 > 3 ACK 1:4
  3: commits 1:4
  2 > 3 ACK 1:5
  3: commits 1:5
  2 > 3 ACK 1:6
  3: commits 1:6
  2 > 3 ACK 1:7
  3: commits 1:7
  1 > 3 ACK 1:4
  1 > 3 ACK 1:5
  1 > 3 ACK 1:6
  1 > 3 ACK 1:7
  3 > 2 COMMIT 1:4
  2: commits 1:4
  s2: create /q-: ok /q-0000000001 (1:4)
  3 > 1 COMMIT 1:4
  1: commits 1:4
  3 > 2 COMMIT 1:5
  2: commits 1:5
  3 > 1 COMMIT 1:5
  1: commits 1:5
  s1: create /q-: ok /q-0000000002 (1:5)
  3 > 2 COMMIT 1:6
  2: commits 1:6
  s2: create /q-: ok /q-0000000003 (1:6)
  3 > 1 COMMIT 1:6
  1: commits 1:6
  3 > 2 COMMIT 1:7
  2: commits 1:7
  3 > 1 COMMIT 1:7
  1: commits 1:7
  s1: create /q-: ok /q-0000000004 (1:7)
tree 3
  /q-0000000000 /q-0000000001 /q-0000000002 /q-0000000003 /q-0000000004
expect equal
