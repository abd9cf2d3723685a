import { encodeName, whole } from './encode.ts'
import { showPath, type Segment } from './path.ts'
import { bytesOf, type Value } from './pieces.ts'

/** The value inside of new objects, one for each segment from `depth` on; a `TypeError` for a number among those. */
export function wrap(segments: readonly Segment[], depth: number, value: Value): Value {
  const names = segments.slice(depth)
  const index = names.find((segment) => typeof segment === 'number')
  if (index !== undefined) {
    const why = `only objects are created on the way, ${index} asks for an array`
    throw new TypeError(`cannot set ${showPath(segments)}: ${why}`)
  }
  const opened = names.map((name) => Buffer.concat([Buffer.from('{'), encodeName(String(name)).bytes]))
  return whole(Buffer.concat([...opened, bytesOf(value), Buffer.alloc(names.length, '}')]))
}
