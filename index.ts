export * from './client/index.ts';
export * from './recipes/index.ts';
