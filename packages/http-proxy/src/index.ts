export type { UpstreamConfig, UpstreamNode } from './config.ts'
export { httpProxy, type HttpProxyOptions } from './http-proxy.ts'
