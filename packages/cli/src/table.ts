import { displayWidth, fitted } from './display-width.ts'
import { printable } from './printable.ts'

const gap = '  '
/** No column is made narrower than this. */
const narrowest = 8

/** A table for people: columns where no row has anything are left out, the first one stays. `width`: cells that there are; undefined: as many as it takes. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[], width?: number): string {
  const shown = headers.map((_, column) => column).filter((column) => column === 0 || rows.some((row) => row[column]))
  const cells = [headers, ...rows].map((row) => shown.map((column) => printable(row[column] ?? '')))
  const widths = shown.map((_, column) => cells.reduce((widest, row) => Math.max(widest, displayWidth(row[column] ?? '')), 0))
  if (width !== undefined) shrink(widths, width - gap.length * (widths.length - 1))
  return cells.map((row) => row.map((cell, column) => padded(fitted(cell, widths[column] ?? 0), widths[column] ?? 0)).join(gap).trimEnd()).join('\n')
}

/** Takes from the widest until they fit, or none can give any more. */
function shrink(widths: number[], room: number): void {
  for (let over = widths.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) return
    widths[widths.lastIndexOf(widest)] = widest - 1
  }
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}
