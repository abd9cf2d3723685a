import { compileAddresses } from './compile-addresses.ts'
import { compilePattern } from './compile-pattern.ts'
import { equalTo, equalToAny, isScalar, type Scalar } from './equality.ts'
import { ExprError } from './expr-error.ts'
import { toNumber } from './to-number.ts'

/** Judges the value of a variable; `undefined` where it is absent. */
export type Test = (value: unknown) => boolean

/**
 * The operator of that name, in any case: it takes the configured operand and gives the test, or throws an `ExprError`
 * whose path starts at the operand.
 */
export function operatorNamed(name: unknown): ((operand: unknown) => Test) | undefined {
  return typeof name === 'string' ? operators.get(name.toLowerCase()) : undefined
}

/** The values of which a variable must have one, where operator and operand demand it; none of them is `null`. */
export function requiredValues(operator: unknown, operand: unknown): readonly NonNullable<Scalar>[] | undefined {
  let values: readonly unknown[] = []
  if (operator === '==') values = [operand]
  else if (operatorNamed(operator) === within) values = scalars(operand)
  return values.length > 0 && values.every(isPresent) ? values : undefined
}

const operators = new Map<string, (operand: unknown) => Test>([
  ['==', (operand) => equalTo(scalar(operand))],
  ['~=', (operand) => not(equalTo(scalar(operand)))],
  ['>', (operand) => compared(operand, (left, right) => left > right)],
  ['>=', (operand) => compared(operand, (left, right) => left >= right)],
  ['<', (operand) => compared(operand, (left, right) => left < right)],
  ['<=', (operand) => compared(operand, (left, right) => left <= right)],
  ['~~', (operand) => found(operand, false)],
  ['~*', (operand) => found(operand, true)],
  ['in', within],
  ['has', (operand) => has(scalar(operand))],
  ['ipmatch', inNetwork],
])

export function not(test: Test): Test {
  return (value) => !test(value)
}

function compared(operand: unknown, holds: (left: number, right: number) => boolean): Test {
  const right = toNumber(operand)
  if (right === undefined) return () => false
  return (value) => {
    const left = toNumber(value)
    return left !== undefined && holds(left, right)
  }
}

function found(operand: unknown, ignoreCase: boolean): Test {
  if (typeof operand !== 'string') throw new ExprError('invalid expression: a pattern is a string')
  const pattern = compilePattern(operand, { ignoreCase })
  return (value) => {
    if (typeof value === 'string') return pattern.test(value)
    return (typeof value === 'number' || typeof value === 'boolean') && pattern.test(String(value))
  }
}

function within(operand: unknown): Test {
  return equalToAny(scalars(operand))
}

function has(operand: Scalar): Test {
  const equal = equalTo(operand)
  return (value) => Array.isArray(value) && value.some(equal)
}

function inNetwork(operand: unknown): Test {
  const addresses = compileAddresses(operand)
  return (value) => typeof value === 'string' && addresses.includes(value)
}

function scalar(operand: unknown): Scalar {
  if (isScalar(operand)) return operand
  throw new ExprError('invalid expression: the value is a string, a number, true, false or null')
}

function scalars(operand: unknown): readonly Scalar[] {
  if (Array.isArray(operand) && operand.every(isScalar)) return operand
  throw new ExprError("invalid expression: 'in' takes an array of strings, numbers, true, false or null")
}

function isPresent(value: unknown): value is NonNullable<Scalar> {
  return value !== null && isScalar(value)
}
