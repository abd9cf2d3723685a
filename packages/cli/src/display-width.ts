const graphemes = new Intl.Segmenter()
/** Scripts and signs that terminals give two cells. https://www.unicode.org/reports/tr11/ */
const wide = /^(?:\p{Emoji_Presentation}|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6])/u

/** How many cells of a terminal a text takes. */
export function displayWidth(text: string): number {
  // Most texts need no looking at their parts.
  if (/^[\u0020-\u007E]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) || segment.includes('\uFE0F') ? 2 : 1
  return width
}

/** The beginning of a text that takes no more than `cells`; where something is cut off, `…` says so. */
export function fitted(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text
  let kept = ''
  let width = 0
  for (const { segment } of graphemes.segment(text)) {
    width += displayWidth(segment)
    if (width > cells - 1) break
    kept += segment
  }
  return `${kept}…`
}
