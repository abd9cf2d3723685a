/** What another vendor signed or encrypted, as `encrypted_content` carries it through a client of OpenAI's. */
export interface ForeignCipher {
  readonly format: string
  readonly kind: 'signature' | 'data'
  readonly value: string
}

/** OpenAI's own is base64, and has no `#`. */
const shape = /^([\w.-]{1,64})#(signature|data)#/

/** Reads `encrypted_content` that another vendor's was written into; undefined where it is OpenAI's own. */
export function foreignCipher(content: string): ForeignCipher | undefined {
  const [head, format, kind] = shape.exec(content) ?? []
  if (head === undefined || format === undefined) return undefined
  return { format, kind: kind === 'signature' ? kind : 'data', value: content.slice(head.length) }
}

/** Writes another vendor's so that it is known again when the client sends it back. */
export function foreignCipherFor({ format, kind, value }: ForeignCipher): string {
  return `${format}#${kind}#${value}`
}
