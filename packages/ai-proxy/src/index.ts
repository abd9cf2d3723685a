export { aiProxy, type AiProxyOptions } from './ai-proxy.ts'
export type { OutboundProxy } from './connect-through.ts'
