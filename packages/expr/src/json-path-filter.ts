import { jsonpath, Nothing, type JSONPathQuery } from 'json-p3'
import { compilePattern } from './compile-pattern.ts'
import type { Evaluation, Walk } from './evaluation.ts'
import { ExprError } from './expr-error.ts'
import { sameJson, sizeOf } from './same-json.ts'

const { expressions } = jsonpath
type Expression = jsonpath.expressions.FilterExpression

/** Judges a node. */
export type Filter = (node: unknown, evaluation: Evaluation) => boolean

/** Gives a value, or `Nothing`. */
type Operand = (node: unknown, evaluation: Evaluation) => unknown

type Nodes = (node: unknown, evaluation: Evaluation) => readonly unknown[]

type CompileQuery = (query: JSONPathQuery) => Walk

/** Compiles the expression of a `[?…]` selector; the queries in it are compiled by `compileQuery`. */
export function compileFilter(expression: Expression, compileQuery: CompileQuery): Filter {
  const compile = (part: Expression): Filter => compileFilter(part, compileQuery)

  if (expression instanceof expressions.LogicalExpression) return compile(expression.expression)
  if (expression instanceof expressions.PrefixExpression) return negation(compile(expression.right))
  if (expression instanceof expressions.InfixExpression) {
    if (expression.operator === '&&') return conjunction(compile(expression.left), compile(expression.right))
    if (expression.operator === '||') return disjunction(compile(expression.left), compile(expression.right))
    return comparison(expression, compileQuery)
  }
  if (expression instanceof expressions.FunctionExtension) return search(expression, compileQuery)
  const nodes = nodesOf(expression, compileQuery)
  return (node, evaluation) => nodes(node, evaluation).length > 0
}

function negation(filter: Filter): Filter {
  return (node, evaluation) => !filter(node, evaluation)
}

function conjunction(left: Filter, right: Filter): Filter {
  return (node, evaluation) => left(node, evaluation) && right(node, evaluation)
}

function disjunction(left: Filter, right: Filter): Filter {
  return (node, evaluation) => left(node, evaluation) || right(node, evaluation)
}

type Compare = (left: unknown, right: unknown, evaluation: Evaluation) => boolean

const comparisons = new Map<string, Compare>([
  ['==', sameJson],
  ['!=', (left, right, evaluation) => !sameJson(left, right, evaluation)],
  ['<', (left, right) => less(left, right)],
  ['>', (left, right) => less(right, left)],
  ['<=', (left, right, evaluation) => less(left, right) || sameJson(left, right, evaluation)],
  ['>=', (left, right, evaluation) => less(right, left) || sameJson(left, right, evaluation)],
])

function comparison(expression: jsonpath.expressions.InfixExpression, compileQuery: CompileQuery): Filter {
  const compare = comparisons.get(expression.operator)
  if (!compare) throw unsupported(expression)
  const left = operandOf(expression.left, compileQuery)
  const right = operandOf(expression.right, compileQuery)
  return (node, evaluation) => compare(left(node, evaluation), right(node, evaluation), evaluation)
}

function less(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left < right
  return typeof left === 'number' && typeof right === 'number' && left < right
}

function operandOf(expression: Expression, compileQuery: CompileQuery): Operand {
  if (expression instanceof expressions.NullLiteral) return () => null
  if (isLiteral(expression)) return () => expression.value
  if (expression instanceof expressions.FunctionExtension) return measure(expression, compileQuery)
  const nodes = nodesOf(expression, compileQuery)
  return (node, evaluation) => onlyOne(nodes(node, evaluation))
}

function isLiteral(
  expression: Expression,
): expression is
  | jsonpath.expressions.StringLiteral
  | jsonpath.expressions.NumberLiteral
  | jsonpath.expressions.BooleanLiteral {
  const { StringLiteral, NumberLiteral, BooleanLiteral } = expressions
  return [StringLiteral, NumberLiteral, BooleanLiteral].some((literal) => expression instanceof literal)
}

/** `length()`, `count()` and `value()`. */
function measure(call: jsonpath.expressions.FunctionExtension, compileQuery: CompileQuery): Operand {
  const [argument] = call.args
  if (!argument) throw unsupported(call)
  if (call.name === 'length') {
    const operand = operandOf(argument, compileQuery)
    return (node, evaluation) => lengthOf(operand(node, evaluation), evaluation)
  }
  const nodes = nodesOf(argument, compileQuery)
  if (call.name === 'count') return (node, evaluation) => nodes(node, evaluation).length
  if (call.name === 'value') return (node, evaluation) => onlyOne(nodes(node, evaluation))
  throw unsupported(call)
}

function lengthOf(value: unknown, evaluation: Evaluation): unknown {
  if (typeof value === 'string') return value.length
  return typeof value === 'object' && value !== null ? sizeOf(value, evaluation) : Nothing
}

/** `match()` and `search()`, in linear time and compiled once: a pattern that the body brings is refused. */
function search(call: jsonpath.expressions.FunctionExtension, compileQuery: CompileQuery): Filter {
  const [argument, pattern] = call.args
  if (!argument || (call.name !== 'match' && call.name !== 'search')) throw unsupported(call)
  if (!(pattern instanceof expressions.StringLiteral)) {
    throw new ExprError(`JSONPath: the second argument of ${call.name}() must be a string in quotes`)
  }
  const operand = operandOf(argument, compileQuery)
  const anywhere = compilePattern(pattern.value)
  const compiled = call.name === 'match' ? compilePattern(`^(?:${pattern.value})$`) : anywhere
  return (node, evaluation) => {
    const value = operand(node, evaluation)
    if (typeof value !== 'string') return false
    evaluation.spend(Math.ceil((value.length * compiled.size) / 4)) // the automaton's steps are the smaller ones
    return compiled.test(value)
  }
}

function nodesOf(expression: Expression, compileQuery: CompileQuery): Nodes {
  if (expression instanceof expressions.RelativeQuery) {
    const walk = compileQuery(expression.path)
    return (node, evaluation) => walk([node], evaluation)
  }
  if (expression instanceof expressions.RootQuery) {
    const walk = compileQuery(expression.path)
    return (_, evaluation) => evaluation.fromRoot(walk)
  }
  throw unsupported(expression)
}

function onlyOne(nodes: readonly unknown[]): unknown {
  return nodes.length === 1 ? nodes[0] : Nothing
}

function unsupported(expression: Expression): ExprError {
  return new ExprError(`JSONPath: ${expression.toString()} is not supported`)
}
