import type { Nesting } from './nesting.ts'

// Where a scan is: what it expects next, or what it is in the middle of. Where a piece ends, the next one goes on with it.
export const value = 0
export const firstElement = 1
export const firstName = 2
export const name = 3
export const inName = 4
export const behindName = 5
export const inString = 6
export const farInString = 7
export const escape = 8
export const hexDigit = 9
export const behindValue = 10
export const behindMinus = 11
export const behindZero = 12
export const integer = 13
export const behindDot = 14
export const fraction = 15
export const behindE = 16
export const behindSign = 17
export const exponent = 18
export const inWord = 19

/** What each of these expects when the input ends there; where there is nothing, a value may end. */
const wanted: readonly (string | undefined)[] = [
  'a value',
  'a value',
  'a member name in quotes',
  'a member name in quotes',
  'the quote that ends the string',
  'a colon after the member name',
  'the quote that ends the string',
  'the quote that ends the string',
  'one of "\\/bfnrtu after a backslash',
  'four hexadecimal digits after \\u',
  undefined,
  'a digit',
  undefined,
  undefined,
  'a digit',
  undefined,
  'a digit',
  'a digit',
  undefined,
]

/** What a scan expects in a state, for the words of an error: `inWord` is in the middle of `word`, and a value may end or not. */
export function wantedIn(state: number, word: string, nesting: Nesting): string {
  if (state === inWord) return `the word ${word}`
  const what = wanted[state]
  if (what !== undefined) return what
  if (nesting.depth === 0) return 'nothing after the value'
  return nesting.inObject ? 'a comma or "}"' : 'a comma or "]"'
}

/** Whether the input may end in a state, if nothing is open. */
export function mayEndIn(state: number): boolean {
  return state !== inWord && wanted[state] === undefined
}
