import { ExprError } from './expr-error.ts'
import { not, operatorNamed, requiredValues, type Test } from './operator.ts'
import { all, any, condition, constant, opposite, type Predicate } from './predicate.ts'
import type { Variables } from './variable.ts'

/** Deeper than anybody writes, and far from what would overflow the stack. */
const deepest = 500

/**
 * Compiles a `vars` expression: `[["arg_a", "==", "1"], ["OR", [...], [...]]]`. Throws an `ExprError` with the reason
 * and the index path of the part that is wrong.
 */
export function compileRule<C>(rule: unknown, variables: Variables<C>): Predicate<C> {
  if (!Array.isArray(rule)) throw new ExprError('rule should be wrapped inside brackets')
  if (typeof rule[0] === 'string' && !logicOf(rule[0])) throw new ExprError('rule should be wrapped inside brackets')
  return compileItem(rule, [], variables)
}

function compileItem<C>(item: unknown, at: readonly number[], variables: Variables<C>): Predicate<C> {
  if (!Array.isArray(item)) throw new ExprError('rule should be wrapped inside brackets', at)
  if (at.length > deepest) throw new ExprError(`rule nested deeper than ${deepest} levels`, at)
  const [first] = item as unknown[]
  if (first === undefined) return constant(true)
  if (Array.isArray(first)) return all(compileItems(item, 0, at, variables))
  if (typeof first !== 'string') throw new ExprError('invalid expression', at)

  const combine = logicOf(first)
  if (!combine) return compileCondition(item, at, variables)
  if (item.length < 3) throw new ExprError('rule too short', at)
  return combine(compileItems(item, 1, at, variables))
}

function compileItems<C>(
  items: readonly unknown[],
  from: number,
  at: readonly number[],
  variables: Variables<C>,
): Predicate<C>[] {
  return items.slice(from).map((item, index) => compileItem(item, [...at, from + index], variables))
}

function logicOf(word: string): (<C>(parts: readonly Predicate<C>[]) => Predicate<C>) | undefined {
  switch (word.toUpperCase()) {
    case 'AND':
      return all
    case 'OR':
      return any
    case '!AND':
      return (parts) => opposite(all(parts))
    case '!OR':
      return (parts) => opposite(any(parts))
    default:
      return undefined
  }
}

/** `[var, value]`, `[var, op, value]` or `[var, "!", op, value]`. */
function compileCondition<C>(
  item: readonly unknown[],
  at: readonly number[],
  variables: Variables<C>,
): Predicate<C> {
  const parts = partsOf(item, at)
  const { name, negated, operator, operand } = parts
  const test = compileTest(parts, at, item.length - 1)
  const judge = negated ? not(test) : test

  const variable = located([...at, 0], () => variables(name))
  if (!variable) return constant(judge(undefined))
  const values = negated ? undefined : requiredValues(operator, operand)
  return condition(variable, judge, values ? [{ name, variable, values }] : [])
}

interface Parts {
  readonly name: string
  readonly negated: boolean
  readonly operator: unknown
  readonly operand: unknown
}

function partsOf(item: readonly unknown[], at: readonly number[]): Parts {
  const [name, second, third, fourth] = item
  if (typeof name !== 'string' || name === '') throw new ExprError('invalid expression', at)
  if (item.length === 2) return { name, negated: false, operator: '==', operand: second }
  if (item.length === 4 && second === '!') return { name, negated: true, operator: third, operand: fourth }
  if (item.length === 4 || (item.length === 3 && second === '!')) throw new ExprError("bad 'not' expression", at)
  if (item.length === 3) return { name, negated: false, operator: second, operand: third }
  throw new ExprError('invalid expression', at)
}

function compileTest({ operator, operand }: Parts, at: readonly number[], operandIndex: number): Test {
  const compile = operatorNamed(operator)
  if (!compile) {
    const shown = typeof operator === 'string' ? operator : JSON.stringify(operator)
    throw new ExprError(`invalid operator '${shown}'`, [...at, operandIndex - 1])
  }
  return located([...at, operandIndex], () => compile(operand))
}

/** Runs a step of the compilation, and puts a place in front of the place in its errors. */
function located<T>(at: readonly number[], compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    throw error instanceof ExprError ? new ExprError(error.message, [...at, ...error.at]) : error
  }
}
