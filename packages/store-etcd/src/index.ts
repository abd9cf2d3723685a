export { EtcdBackend, type EtcdBackendOptions } from './etcd-backend.ts'
export type { Source } from './follower.ts'
