import { Members } from './members.ts'
import type { Source } from './source.ts'
import { StringSkipper } from './string-skipper.ts'
import { StructureScan } from './structure-scan.ts'
import { Text } from './text.ts'

/** One for all: whoever scans begins anew with each piece, and is not interrupted within one. */
const skipper = StringSkipper.create()

/**
 * Checks that exactly one JSON value stands in `source` from `start` on, white space around it allowed, and gives it
 * with the members of the outermost object. Throws a `JsonSyntaxError`.
 */
export function checkStructure(source: Source, start = 0): Text {
  const scan = new StructureScan(source, skipper)
  let base = 0
  for (const piece of source.pieces) {
    if (start < base + piece.length) scan.over(piece, base, Math.max(0, start - base))
    base += piece.length
  }
  return textOf(scan, source)
}

/** The same, with a rest after each piece for whoever has something else to do. */
export function* checkInSteps(source: Source, start = 0): Generator<undefined, Text, undefined> {
  const scan = new StructureScan(source, skipper)
  let base = 0
  for (const piece of source.pieces) {
    if (start < base + piece.length) scan.over(piece, base, Math.max(0, start - base))
    base += piece.length
    yield
  }
  return textOf(scan, source)
}

function textOf(scan: StructureScan, source: Source): Text {
  scan.finish(source.length)
  const members = scan.isObject ? new Members(source, scan.names, scan.end - 1) : undefined
  return new Text(source, scan.start, scan.end, members)
}
