import { Buffer } from 'node:buffer'
import { randomFillSync, randomInt, randomUUID } from 'node:crypto'
import type { Config } from './config.ts'

/** Makes one id after the other. */
export type Generate = () => string

/** The generator that a configuration asks for. */
export function generatorOf({ algorithm, range_id: { char_set: characters, length } }: Config): Generate {
  switch (algorithm) {
    case 'uuid':
      return () => randomUUID()
    case 'uuidv7':
      return uuidv7
    case 'nanoid':
      return () => drawn(urlSafe, 21)
    case 'ksuid':
      return ksuid
    case 'range_id':
      return () => drawn(characters, length)
  }
}

/** https://github.com/ai/nanoid: its 64 characters, all of which may stand in a URL. */
const urlSafe = 'useandom-26T198340PX75pxJACKVERYMINDBUSHWOLF_GQZbfghjklqvwyzrict'

function drawn(characters: string, length: number): string {
  let text = ''
  for (let left = length; left > 0; left--) text += characters[randomInt(characters.length)]
  return text
}

/** RFC 9562 §5.7: 48 bits of Unix time in milliseconds, the version, the variant, and chance. */
function uuidv7(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  // All but the first 48 bits and the version are those of a random UUID: https://www.rfc-editor.org/rfc/rfc9562#section-5.4
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

/** Unix time, seconds, at which the clock of KSUIDs begins: https://github.com/segmentio/ksuid */
const ksuidEpoch = 1_400_000_000
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** 32 bits of time in seconds and 128 of chance, as a number of 27 digits to the base 62. */
function ksuid(): string {
  const bytes = randomFillSync(Buffer.allocUnsafe(20), 4)
  bytes.writeUInt32BE((Math.floor(Date.now() / 1000) - ksuidEpoch) >>> 0)
  let rest = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  for (; rest > 0n; rest /= 62n) text = `${base62[Number(rest % 62n)]}${text}`
  return text.padStart(27, '0')
}
