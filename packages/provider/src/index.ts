export { dialects, type Dialect } from './dialect.ts'
export { EventFramer, EventTooLargeError, type Framed } from './event-framer.ts'
export { defineProvider, type Call, type ChatExtension, type Provider, type ProviderConf, type Speech, type TokenLimit } from './provider.ts'
export { dataOf, decodeEvent, encodeEvent, type SseEvent } from './sse.ts'
