/**
 * What etcd's JSON gateway sends and takes, as far as we speak it: numbers of 64 bits are strings, keys and values base64,
 * and what is zero, empty or false is left out. https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/
 */
export interface WireHeader {
  readonly cluster_id: string
  readonly revision?: string
}

export interface WireKeyValue {
  readonly key: string
  readonly value?: string
  readonly create_revision?: string
  readonly mod_revision?: string
}

export interface WireRange {
  readonly header: WireHeader
  readonly kvs?: readonly WireKeyValue[]
  readonly more?: boolean
}

export interface WireTxn {
  readonly header: WireHeader
  readonly succeeded?: boolean
  readonly responses?: readonly { readonly response_range?: { readonly kvs?: readonly WireKeyValue[] } }[]
}

export interface WireEvent {
  readonly type?: 'PUT' | 'DELETE'
  readonly kv: WireKeyValue
}

export interface WireWatch {
  readonly header: WireHeader
  readonly watch_id?: string
  readonly created?: boolean
  readonly canceled?: boolean
  readonly cancel_reason?: string
  readonly compact_revision?: string
  readonly events?: readonly WireEvent[]
}

/** One line of a stream. */
export interface WireLine {
  readonly result?: WireWatch
  readonly error?: WireProblem
}

export interface WireProblem {
  readonly message?: string
  readonly error?: string
  readonly code?: number
  readonly grpc_code?: number
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString('base64')
}

export function fromBase64(text: string | undefined): string {
  return Buffer.from(text ?? '', 'base64').toString()
}
