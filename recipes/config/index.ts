export { UnknownVersionError } from './errors.ts';
export { LayeredConfig, type LayeredConfigOptions, type LayeredValue } from './layered.ts';
export { mergeLayers } from './merge.ts';
export {
  type ConfigChange,
  type ConfigHistoryEntry,
  type ConfigPublishOptions,
  ConfigStore,
  type ConfigStoreOptions,
  type ConfigSubscribeOptions,
  type ConfigValue,
} from './store.ts';
export type { ListenOptions, Subscription } from './subscription.ts';
export type { InvalidConfig, InvalidConfigListener } from './values.ts';
