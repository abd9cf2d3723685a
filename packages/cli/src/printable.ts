// What servers and files hold may be meant to move a terminal's cursor.
// oxlint-disable-next-line no-control-regex -- these are the ones that it is about
const control = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g

/** A text for one line of a terminal: characters that control terminals are written out. */
export function printable(text: string): string {
  return text.replaceAll(control, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
