export { defaultConfig, type ServerConfig } from './config.ts';
export type { Files, Logger } from './ports.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
export { ConfigError, type ParsedConfig, parseZooCfg } from './zoo-cfg.ts';
