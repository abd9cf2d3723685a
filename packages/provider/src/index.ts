export { dialects, type Dialect } from './dialect.ts'
export { defineProvider, type Call, type Provider, type ProviderConf, type Speech, type TokenLimit } from './provider.ts'
