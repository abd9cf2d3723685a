import { backslash } from './ascii.ts'

// The module, in the binary format of https://webassembly.github.io/spec/core/binary/, with its text beside it. Locals:
// 0 is where it is, 1 the end, 2 what it found, 3 the 16 bytes at hand, 4 to 6 what it compares them with: reading a
// constant each time would take twice as long.

const [at, end, found, bytes, two16, space16, backslash16] = [0, 1, 2, 3, 4, 5, 6]
const [get, set, tee] = [0x20, 0x21, 0x22]
const [i32, v128] = [0x7f, 0x7b]

/** A constant of 16 equal bytes. */
const all16 = (byte: number): number[] => [0xfd, 0x0c, ...Array<number>(16).fill(byte)]

/** Gives `at` back where the condition before it holds. */
const returnIf = [0x04, 0x40, get, at, 0x0f, 0x0b] //    if  local.get $at  return  end

/** What the table says of the byte at `at` + `offset`. */
const meaning = (offset: number): number[] => [get, at, 0x2d, 0, offset, 0x2d, 0, 0] // local.get $at  i32.load8_u offset=…  i32.load8_u

const code = [
  2, 1, i32, 4, v128, //                                     (local $found i32) (local $bytes v128) …
  ...all16(0x02), set, two16, //                             v128.const i8x16 0x02 …  local.set $two16
  ...all16(0x20), set, space16, //                           v128.const i8x16 0x20 …  local.set $space16
  ...all16(backslash), set, backslash16, //                  v128.const i8x16 0x5c …  local.set $backslash16
  0x03, 0x40, //                                             loop $next
  get, at, get, end, 0x4f, ...returnIf, //                     at >= end: return at
  get, at, 0xfd, 0x00, 0, 0, tee, bytes, //                    local.get $at  v128.load  local.tee $bytes
  // A quote, 0x22, becomes a space by this, and below the space are the same bytes as before.
  get, two16, 0xfd, 0x51, //                                   local.get $two16  v128.xor
  get, space16, 0xfd, 0x2a, //                                 local.get $space16  i8x16.le_u
  get, bytes, get, backslash16, 0xfd, 0x23, //                 local.get $bytes  local.get $backslash16  i8x16.eq
  0xfd, 0x50, 0xfd, 0x64, tee, found, //                       v128.or  i8x16.bitmask  local.tee $found
  0x45, 0x04, 0x40, //                                         i32.eqz  if
  get, at, 0x41, 16, 0x6a, set, at, 0x0c, 1, //                  at += 16  br $next
  0x0b, //                                                     end
  get, at, get, found, 0x68, 0x6a, set, at, //                 at += ctz(found)
  get, at, 0x2d, 0, 0, 0x41, 0xdc, 0, 0x47, ...returnIf, //    byte at at is no backslash: return at
  ...meaning(1), 0x41, 7, 0x71, tee, found, //                 found = what stands behind it & 7: how long the escape is
  0x45, ...returnIf, //                                        0, which is none: return at
  get, at, get, found, 0x6a, get, end, 0x4b, ...returnIf, //   at + found > end: return at
  get, found, 0x41, 6, 0x46, 0x04, 0x40, //                    found == 6  if
  ...meaning(2), ...meaning(3), 0x71, //                         four hexadecimal digits
  ...meaning(4), 0x71, ...meaning(5), 0x71, //                   … behind it
  0x41, 0x80, 0x01, 0x71, 0x45, ...returnIf, //                  … or return at
  get, at, 0x41, 6, 0x6a, set, at, 0x0c, 1, //                   at += 6  br $next
  0x0b, //                                                     end
  get, at, 0x41, 2, 0x6a, set, at, 0x0c, 0, //                 at += 2  br $next
  0x0b, //                                                   end
  0x00, //                                                   unreachable
  0x0b, //                                                   end
]

/** A number as the format writes it, good for two bytes. */
const size = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, n >> 7])
const section = (id: number, content: readonly number[]): number[] => [id, ...size(content.length), ...content]
const name = (text: string): number[] => [text.length, ...Buffer.from(text)]

/** Exports `memory` and `skip(at, end)`. Behind a backslash, `memory[byte]` says how long the escape is, plus 128 for a hexadecimal digit. */
export const skipStringModule: Uint8Array = Uint8Array.from([
  ...Buffer.from('\0asm'), 1, 0, 0, 0,
  ...section(1, [1, 0x60, 2, i32, i32, 1, i32]), //                      (type (func (param i32 i32) (result i32)))
  ...section(3, [1, 0]), //                                              (func (type 0))
  ...section(5, [1, 0, 1]), //                                           (memory 1)
  ...section(7, [2, ...name('memory'), 2, 0, ...name('skip'), 0, 0]), // (export …)
  ...section(10, [1, ...size(code.length), ...code]),
])
