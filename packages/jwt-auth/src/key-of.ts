import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import type { ConsumerConfig } from './config.ts'

/** Keys by the credential that they are written in: read once, when it is checked. */
const keys = new WeakMap<ConsumerConfig, KeyObject>()

/** What verifies the tokens of a credential. Throws a `RangeError` that says what would be right; `secret` or `public_key` must be there. */
export function keyOf(config: ConsumerConfig): KeyObject {
  let key = keys.get(config)
  if (!key) {
    key = config.algorithm.startsWith('HS') ? secretOf(config) : publicKeyOf(config)
    keys.set(config, key)
  }
  return key
}

function secretOf({ secret = '', base64_secret: isBase64 }: ConsumerConfig): KeyObject {
  const bytes = Buffer.from(secret, isBase64 ? 'base64' : 'utf8')
  if (isBase64 && !/^[A-Za-z0-9+/_-]+={0,2}$/.test(secret.replaceAll(/\s/g, ''))) throw new RangeError('must be base64')
  if (bytes.byteLength === 0) throw new RangeError('must not be empty')
  return createSecretKey(bytes)
}

function publicKeyOf({ public_key: pem = '', algorithm }: ConsumerConfig): KeyObject {
  if (pem.includes('PRIVATE KEY')) throw new RangeError('must be a public key, and is a private one')
  const key = read(pem)
  const wanted = kindOf(algorithm)
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type !== wanted.type) throw new RangeError(`must be ${wanted.what} for ${algorithm}, and is one of type ${type}`)
  if (wanted.curve !== undefined && details?.namedCurve !== wanted.curve) throw new RangeError(`must be ${wanted.what} for ${algorithm}`)
  // RFC 7518 §3.3 and §3.5.
  if (type === 'rsa' && (details?.modulusLength ?? 0) < 2048) throw new RangeError('must have 2048 bits or more')
  return key
}

function read(pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    throw new RangeError('must be a public key or a certificate in PEM')
  }
}

interface KeyKind {
  readonly type: string
  readonly curve?: string
  readonly what: string
}

/** RFC 7518 §3.1 and RFC 8037 §3.1. */
function kindOf(algorithm: ConsumerConfig['algorithm']): KeyKind {
  switch (algorithm) {
    case 'ES256':
      return { type: 'ec', curve: 'prime256v1', what: 'a key of curve P-256' }
    case 'ES384':
      return { type: 'ec', curve: 'secp384r1', what: 'a key of curve P-384' }
    case 'ES512':
      return { type: 'ec', curve: 'secp521r1', what: 'a key of curve P-521' }
    case 'EdDSA':
      return { type: 'ed25519', what: 'an Ed25519 key' }
    default:
      return { type: 'rsa', what: 'an RSA key' }
  }
}
