const comma = 0x2c
const openBracket = 0x5b
const openBrace = 0x7b

/** Bytes of JSON that are taken apart whatever they hold. */
const small = 512 * 1024
/** Values beyond which it takes seconds, and a gigabyte, to take JSON apart; a text counts for each comma in it. */
const most = 1_000_000

/** Whether so many values may stand in this JSON that taking it apart would hold up everybody else. */
export function isCrowded(json: Buffer): boolean {
  if (json.length <= small) return false
  let values = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === comma || byte === openBracket || byte === openBrace) values++
  }
  return values > most
}
