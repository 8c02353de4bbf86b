/** Environment variables of the official `zookeeper` image, as lines of a zoo.cfg. */
const keys: Readonly<Record<string, string>> = {
  ZOO_TICK_TIME: 'tickTime',
  ZOO_INIT_LIMIT: 'initLimit',
  ZOO_SYNC_LIMIT: 'syncLimit',
  ZOO_MAX_CLIENT_CNXNS: 'maxClientCnxns',
  ZOO_AUTOPURGE_PURGEINTERVAL: 'autopurge.purgeInterval',
  ZOO_AUTOPURGE_SNAPRETAINCOUNT: 'autopurge.snapRetainCount',
  ZOO_STANDALONE_ENABLED: 'standaloneEnabled',
  ZOO_ADMINSERVER_ENABLED: 'admin.enableServer',
  ZOO_4LW_COMMANDS_WHITELIST: '4lw.commands.whitelist',
};

/** What that image sets where nothing else is said. */
const defaults: Readonly<Record<string, string>> = {
  ZOO_TICK_TIME: '2000',
  ZOO_INIT_LIMIT: '5',
  ZOO_SYNC_LIMIT: '2',
  ZOO_MAX_CLIENT_CNXNS: '60',
  ZOO_AUTOPURGE_PURGEINTERVAL: '0',
  ZOO_AUTOPURGE_SNAPRETAINCOUNT: '3',
  ZOO_ADMINSERVER_ENABLED: 'false',
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a container has what; volumes are mounted over them. */
export interface Places {
  readonly dataDir: string;
  readonly dataLogDir: string;
}

/**
 * The zoo.cfg of a container that was given none, from its environment. `ZOO_SERVERS` holds the lines `server.N=…`, separated by
 * spaces; their client addresses after `;` are those of ZooKeeper's dynamic configuration. `ZOO_CFG_EXTRA` holds any more lines, with
 * `key=value` separated by spaces; they win over what the other variables say.
 */
export function zooCfgOf(environment: Environment, { dataDir, dataLogDir }: Places): string {
  const lines = [`dataDir=${dataDir}`, `dataLogDir=${dataLogDir}`];
  for (const [variable, key] of Object.entries(keys)) {
    const value = environment[variable] ?? defaults[variable];
    if (value !== undefined && value !== '') lines.push(`${key}=${value}`);
  }
  const servers = words(environment.ZOO_SERVERS);
  // A server line may name the client port itself.
  if (!servers.some((line) => line.includes(';'))) lines.push('clientPort=2181');
  const extra = words(environment.ZOO_CFG_EXTRA);
  const given = new Set(extra.map(keyOf));
  return `${[...lines.filter((line) => !given.has(keyOf(line))), ...servers, ...extra].join('\n')}\n`;
}

function keyOf(line: string): string {
  return line.slice(0, line.indexOf('='));
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
