export { Agents, type AgentKey, type Lease, type SharedAgent } from './agents.ts'
export type { UpstreamConfig, UpstreamNode } from './config.ts'
export { httpProxy, type HttpProxyOptions } from './http-proxy.ts'
