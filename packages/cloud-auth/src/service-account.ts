import { createPrivateKey, type KeyObject } from 'node:crypto'

/** A parsed key file of a GCP service account. The private key is a `KeyObject`, which no log and no JSON shows. */
export interface ServiceAccountKey {
  readonly clientEmail: string
  readonly privateKey: KeyObject
  /** Names the key in the header of the assertion; a file without it is legal. */
  readonly privateKeyId?: string
  /** Where assertions are exchanged for access tokens, and their audience. */
  readonly tokenUri: string
  readonly projectId?: string
}

/**
 * Reads the text of a key file, as the console of Google Cloud gives it out (https://google.aip.dev/auth/4112).
 * Throws `invalid gcp service_account_json: <reason>`, which never quotes the file.
 */
export function parseServiceAccount(json: string): ServiceAccountKey {
  const file = parseObject(json)
  const field = (name: string) => readText(file, name)
  const missing = ['client_email', 'private_key'].filter((name) => field(name) === undefined)
  if (missing.length > 0) throw invalid(`${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`)
  if (file['type'] !== undefined && file['type'] !== 'service_account') throw invalid('type must be "service_account"')
  const privateKeyId = field('private_key_id')
  const projectId = field('project_id')
  return {
    clientEmail: field('client_email') ?? '',
    privateKey: parsePrivateKey(field('private_key') ?? ''),
    ...(privateKeyId !== undefined && { privateKeyId }),
    tokenUri: parseTokenUri(field('token_uri') ?? 'https://oauth2.googleapis.com/token'),
    ...(projectId !== undefined && { projectId }),
  }
}

function parseObject(json: string): Record<string, unknown> {
  const text = json.replace(/^\uFEFF/, '')
  if (!text.trimStart().startsWith('{')) throw invalid('it must be the text of a key file, a JSON object')
  try {
    // An object, for nothing else starts with a brace.
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw invalid(withoutSource(error))
  }
}

/** V8 quotes the text around the fault, which may be the key, in some of its messages: those have double quotes. */
function withoutSource(error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  return message === '' || message.includes('"') ? 'unexpected token, it is not valid JSON' : message
}

function readText(file: Record<string, unknown>, name: string): string | undefined {
  const value = file[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw invalid(`${name} must be a string`)
  return value
}

function parsePrivateKey(pem: string): KeyObject {
  const key = readPem(pem)
  if (key === undefined) throw invalid('private_key must be an unencrypted private key in PEM (PKCS#8)')
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  const fits = key.asymmetricKeyType === 'rsa' && bits >= 2048
  if (!fits) throw invalid('private_key must be an RSA key of 2048 bits or more')
  return key
}

function readPem(pem: string): KeyObject | undefined {
  try {
    // Line ends that were escaped twice arrive as a backslash and an n, which no PEM contains: a common paste mistake.
    return createPrivateKey(pem.replaceAll('\\r', '').replaceAll('\\n', '\n'))
  } catch {
    // OpenSSL's reason ("DECODER routines::unsupported") helps nobody; the caller says what would be right.
    return undefined
  }
}

function parseTokenUri(uri: string): string {
  const protocol = URL.canParse(uri) ? new URL(uri).protocol : ''
  if (protocol !== 'https:' && protocol !== 'http:') throw invalid('token_uri must be an http(s) URL')
  return uri
}

function invalid(reason: string): Error {
  return new Error(`invalid gcp service_account_json: ${reason}`)
}
