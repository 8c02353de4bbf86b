/** How clients of every kind reach servers at this connect string, a line each. */
export function waysToConnect(connectString: string): string[] {
  return [
    `  the shell     npx zookit shell -server ${connectString}`,
    `  TypeScript    const client = await connect('${connectString}');`,
    `  ZooKeeper     zkCli.sh -server ${connectString}`,
    `  kazoo         KazooClient(hosts='${connectString}')`,
  ];
}
