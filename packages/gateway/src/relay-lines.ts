import type { Readable, Writable } from 'node:stream'

/** Characters that a line may have before it is broken. */
const longest = 1024 * 1024

/** Hands on what another process says, in whole lines: several write to the same place. */
export function relayLines(from: Readable, to: Writable): void {
  let half = ''
  from.setEncoding('utf8')
  from.on('data', (text: string) => {
    const at = text.lastIndexOf('\n') + 1
    if (at > 0) {
      to.write(half + text.slice(0, at))
      half = text.slice(at)
    } else half += text
    if (half.length > longest) end()
  })
  from.on('end', end)
  function end(): void {
    if (half !== '') to.write(`${half}\n`)
    half = ''
  }
}
