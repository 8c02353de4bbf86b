export { type DiscoveryOptions, type InstanceSpec, ServiceDiscovery } from './discovery.ts';
export { type CallFailure, NoInstanceError, ServiceCallError } from './errors.ts';
export { type InstanceFields, ServiceInstance, type ServiceType } from './instance.ts';
export { type JsonPayloadOptions, jsonPayload, type PayloadCodec } from './payload.ts';
export { type CallOptions, type ProviderOptions, ServiceProvider } from './provider.ts';
export { type InstanceChanges, ServiceRegistration } from './registration.ts';
export { type InvalidInstanceListener, ServiceCache, type ServiceChange } from './service-cache.ts';
export {
  leastInFlight,
  type ProviderStrategy,
  random,
  roundRobin,
  type StrategyView,
  sticky,
  weighted,
} from './strategies.ts';
export { type UriPart, UriSpec, type UriSubject } from './uri-spec.ts';
