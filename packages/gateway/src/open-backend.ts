import { createSecureContext } from 'node:tls'
import { dirname, resolve } from 'node:path'
import type { EtcdSettings, FileStore } from '@sluice/config'
import { ConfigError } from '@sluice/kernel'
import { FileBackend, MemoryBackend } from '@sluice/store'
import { EtcdBackend, type EtcdBackendOptions } from '@sluice/store-etcd'
import { pemOf } from './pem-of.ts'
import type { KernelSource, ReadConfig } from './read-config.ts'

export type OwnBackend = EtcdBackend | FileBackend | MemoryBackend

/**
 * Where the configuration is kept. Nobody writes to it where there is no Admin API. Rejects where what stands beside the
 * file cannot be read, with a `ConfigError` where a certificate cannot be used.
 */
export async function openBackend({ file, text, log }: KernelSource, { settings }: ReadConfig, watched: FileStore): Promise<OwnBackend> {
  const { store, admin } = settings
  const isReadonly = store.readonly || !admin
  if (store.type === 'etcd') return new EtcdBackend({ ...etcdOf(store, file), isReadonly, log })
  if (store.type === 'memory') return new MemoryBackend({ isReadonly })
  const onError = (err: Error): void => log.error({ err }, err.message)
  return FileBackend.open(file, text, { isReadonly, onWrite: (written) => watched.know(written), onError })
}

function etcdOf({ endpoints, prefix, user, password, tls, cache }: EtcdSettings, file: string): Omit<EtcdBackendOptions, 'log'> {
  const beside = (path: string): string => resolve(dirname(resolve(file)), path)
  return {
    endpoints,
    prefix,
    user,
    password,
    cacheFile: cache === false ? undefined : beside(cache ?? `${file}.etcd-cache`),
    ...(tls && { tls: tlsOf(tls, file) }),
  }
}

function tlsOf({ server_name: servername, ...pems }: NonNullable<EtcdSettings['tls']>, file: string): NonNullable<EtcdBackendOptions['tls']> {
  const path = ['gateway', 'store', 'tls']
  const [ca, cert, key] = (['ca', 'cert', 'key'] as const).map((field) => pemOf(pems[field], [...path, field], file))
  const read = { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) }
  try {
    createSecureContext(read)
  } catch (error) {
    throw new ConfigError([{ path, message: `cannot be used: ${(error as Error).message}` }])
  }
  return { ...read, ...(servername !== undefined && { servername }) }
}
