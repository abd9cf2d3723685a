import { describe, expect, it, test } from 'vitest'
import { compileRule, ExprError, type Variable, type Variables } from '../src/index.ts'

type Context = Readonly<Record<string, unknown>>

/** Every name is a variable, except those that begin with `unknown`; `post_arg.` needs the body. */
const variables: Variables<Context> = (name) => {
  if (name.startsWith('unknown')) return undefined
  const read: Variable<Context>['read'] = (context) => context[name]
  return name.startsWith('post_arg.') ? { read, needsBody: true } : { read }
}

const judge = (rule: unknown, context: Context): boolean => compileRule(rule, variables).test(context)

function problem(rule: unknown): ExprError {
  try {
    compileRule(rule, variables)
  } catch (error) {
    if (error instanceof ExprError) return error
    throw error
  }
  throw new Error('it compiled')
}

const compile = (rule: unknown) => compileRule(rule, variables)

const failing: Variables<Context> = () => {
  throw new ExprError('no such path')
}

const nested = (levels: number): unknown => {
  let rule: unknown = ['a', '1']
  for (let i = 0; i < levels; i++) rule = [rule]
  return rule
}

describe('an operator', () => {
  test.for<[operator: string, value: unknown, operand: unknown, answer: boolean]>([
    ['==', 'a', 'a', true],
    ['==', 'a', 'A', false],
    ['==', undefined, 'a', false],
    ['==', '1', 1, true],
    ['==', ' 0x10 ', 16, true],
    ['==', '1e3', 1000, true],
    ['==', '1.', 1, true],
    ['==', '.5', 0.5, true],
    ['==', '-0x1', -1, true],
    ['==', '', 0, false],
    ['==', ' ', 0, false],
    ['==', '1_0', 10, false],
    ['==', '0b1', 1, false],
    ['==', '1 2', 1, false],
    ['==', true, 1, false],
    ['==', 'abc', 1, false],
    ['==', 1, 1, true],
    ['==', 1, '1', false],
    ['==', true, true, true],
    ['==', 'true', true, false],
    ['==', true, 'true', false],
    ['==', undefined, null, true],
    ['==', null, null, true],
    ['==', '', null, false],
    ['==', ['a'], 'a', false],
    ['~=', 'a', 'a', false],
    ['~=', 'b', 'a', true],
    ['~=', undefined, 'a', true],
    ['~=', undefined, 1, true],
    ['~=', 'abc', 1, true],
    ['~=', '1.0', 1, false],
    ['~=', undefined, null, false],
    ['~=', 'x', null, true],
    ['>', '11', 10, true],
    ['>', '9', '10', false],
    ['>', 'abc', 10, false],
    ['>', undefined, 10, false],
    ['>', '11', 'abc', false],
    ['>', true, 0, false],
    ['>', '10', 10, false],
    ['>=', '10', 10, true],
    ['>=', '9', 10, false],
    ['<', '9', '0xA', true],
    ['<', undefined, 10, false],
    ['<', '10', 10, false],
    ['<=', 10, 10, true],
    ['<=', 'x', 10, false],
    ['<=', 1, null, false],
    ['~~', 'a curl/8', 'curl', true],
    ['~~', 'a Curl/8', 'curl', false],
    ['~~', 'a Curl/8', '(?i)curl/\\d$', true],
    ['~~', undefined, '.*', false],
    ['~~', 42, '^4', true],
    ['~~', ['curl'], 'curl', false],
    ['~*', 'CURL', 'curl', true],
    ['~*', 'CURL', '^c.*l$', true],
    ['~*', 'wget', 'curl', false],
    ['in', 'a', ['a', 'b'], true],
    ['in', 'c', ['a', 'b'], false],
    ['in', undefined, ['a'], false],
    ['in', undefined, ['a', null], true],
    ['in', '1', ['a', 1], true],
    ['in', 1, ['1'], false],
    ['in', true, ['true'], false],
    ['in', 'a', [], false],
    ['IN', 'a', ['a'], true],
    ['has', ['a', 'b'], 'b', true],
    ['has', ['a', 'b'], 'c', false],
    ['has', ['1'], 1, true],
    ['has', [1], '1', false],
    ['has', 'ab', 'a', false],
    ['has', undefined, 'a', false],
    ['Has', [null], null, true],
    ['ipmatch', '10.1.2.3', '10.0.0.0/8', true],
    ['ipmatch', '11.1.2.3', ['10.0.0.0/8', '11.1.2.3'], true],
    ['ipmatch', '12.1.2.3', ['10.0.0.0/8', '11.1.2.3'], false],
    ['ipmatch', '::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['ipmatch', '10.1.2.3', '::ffff:10.0.0.0/104', true],
    ['ipmatch', '2001:db8::1', '2001:db8::/32', true],
    ['ipmatch', '2001:db9::1', ['2001:db8::/32', '127.0.0.1'], false],
    ['ipmatch', 'fe80::1%eth0', 'fe80::/10', true],
    ['ipmatch', 'nonsense', '0.0.0.0/0', false],
    ['ipmatch', undefined, '0.0.0.0/0', false],
    ['IPMatch', '1.2.3.4', '0.0.0.0/0', true],
  ])('%s judges %j against %j as %j, and its negation the opposite', ([operator, value, operand, answer]) => {
    expect(judge([['v', operator, operand]], { v: value })).toBe(answer)
    expect(judge([['v', '!', operator, operand]], { v: value })).toBe(!answer)
  })

  it('treats a variable that nobody knows as absent', () => {
    expect(judge([['unknown', '==', null]], {})).toBe(true)
    expect(judge([['unknown', '~=', 'x']], { unknown: 'x' })).toBe(true)
    expect(judge([['unknown', '==', 'x']], { unknown: 'x' })).toBe(false)
  })
})

describe('a rule', () => {
  const context = { a: '1', b: '3', c: 'x' }
  test.for<[rule: unknown, answer: boolean]>([
    [[], true],
    [[[]], true],
    [[['a', '1']], true],
    [[['a', '==', '1'], ['b', '>', 2]], true],
    [[['a', '==', '1'], ['b', '>', 3]], false],
    [[[['a', '1'], ['b', '3']], ['c', 'x']], true],
    [['OR', ['a', '==', '2'], ['AND', ['b', '>', '2'], ['c', 'in', ['x', 'y']]]], true],
    [['or', ['a', '==', '2'], ['and', ['b', '>', '2'], ['c', 'in', ['y']]]], false],
    [['!AND', ['a', '1'], ['b', '4']], true],
    [['!and', ['a', '1'], ['b', '3']], false],
    [['!OR', ['a', '2'], ['b', '4']], true],
    [['!or', ['a', '2'], ['b', '3']], false],
    [[['OR', ['a', '2'], ['c', 'x']], ['b', '3']], true],
    [[['a', '!', '~~', '^1$']], false],
    [['AND', [], []], true],
    [['OR', [], ['a', '2']], true],
  ])('%j is %j', ([rule, answer]) => {
    expect(judge(rule, context)).toBe(answer)
  })

  test.for<[rule: unknown, message: unknown, at: number[]]>([
    ['a', 'rule should be wrapped inside brackets', []],
    [null, 'rule should be wrapped inside brackets', []],
    [{ a: 1 }, 'rule should be wrapped inside brackets', []],
    [['a', '==', '1'], 'rule should be wrapped inside brackets', []],
    [['a'], 'rule should be wrapped inside brackets', []],
    [[['a', '==', '1'], 'b'], 'rule should be wrapped inside brackets', [1]],
    [['OR', 'a', 'b'], 'rule should be wrapped inside brackets', [1]],
    [['AND'], 'rule too short', []],
    [['OR', ['a', '1']], 'rule too short', []],
    [[['b', '2'], ['!or', ['a', '1']]], 'rule too short', [1]],
    [[['a', '=~', '1']], "invalid operator '=~'", [0, 1]],
    [[['a', 'constructor', '1']], "invalid operator 'constructor'", [0, 1]],
    [[['a', 7, '1']], "invalid operator '7'", [0, 1]],
    [[['a', '!', 'like', '1']], "invalid operator 'like'", [0, 2]],
    [[['a', 'not', '==', '1']], "bad 'not' expression", [0]],
    [[['a', '!', '==']], "bad 'not' expression", [0]],
    [[['a']], 'invalid expression', [0]],
    [[['', '==', '1']], 'invalid expression', [0]],
    [[[1, '==', '1']], 'invalid expression', [0]],
    [[[null, '==', '1']], 'invalid expression', [0]],
    [[['a', '!', '==', '1', '2']], 'invalid expression', [0]],
    [[['a', '==', { b: 1 }]], expect.stringMatching(/^invalid expression/), [0, 2]],
    [[['a', 'in', 'b']], expect.stringMatching(/^invalid expression/), [0, 2]],
    [[['a', 'in', [['b']]]], expect.stringMatching(/^invalid expression/), [0, 2]],
    [[['a', '~~', 1]], expect.stringMatching(/^invalid expression/), [0, 2]],
    [[['a', 'ipmatch', 'localhost']], 'invalid ip address', [0, 2]],
    [[['a', 'ipmatch', ['10.0.0.1', '10.0.0.1/33']]], 'invalid ip address', [0, 2, 1]],
    [[['a', 'ipmatch', ['::1/129']]], 'invalid ip address', [0, 2, 0]],
    [[['a', 'ipmatch', []]], 'invalid ip address', [0, 2]],
    [[['a', 'ipmatch', [1]]], 'invalid ip address', [0, 2, 0]],
    [['OR', ['a', '1'], ['a', '!', '~~', '(?=x)']], expect.stringMatching(/"\(\?=x\)".*look-around/), [2, 3]],
  ])('%j is refused with %s', ([rule, message, at]) => {
    const error = problem(rule)
    expect(error).toMatchObject({ at, message })
  })

  it('says where a variable is that cannot be compiled', () => {
    expect(() => compileRule([['a', '1'], ['b', '2']], failing)).toThrow(expect.objectContaining({ at: [0, 0] }))
  })

  it('may nest deeply, and is refused beyond what anybody writes', () => {
    expect(judge(nested(400), context)).toBe(true)
    expect(problem(nested(100_000)).message).toMatch(/nested deeper than 500/)
  })
})

describe('a predicate', () => {
  it('knows whether it needs the body', () => {
    expect(compile([['a', '1']]).needsBody).toBe(false)
    expect(compile([['a', '1'], ['OR', ['b', '1'], ['post_arg.model', 'm']]]).needsBody).toBe(true)
  })

  it('asks what needs the body last', () => {
    const read: string[] = []
    const spying: Variables<Context> = (name) => {
      const variable = variables(name)
      return variable && { ...variable, read: (context) => (read.push(name), variable.read(context)) }
    }
    const predicate = compileRule([['post_arg.model', 'm'], ['a', '2']], spying)
    expect(predicate.test({ 'a': '1', 'post_arg.model': 'm' })).toBe(false)
    expect(read).toEqual(['a'])
  })

  test.for<[rule: unknown, answer: boolean | undefined]>([
    [[['a', '1']], true],
    [[['a', '2']], false],
    [[['post_arg.model', 'm']], undefined],
    [[['post_arg.model', 'm'], ['a', '2']], false],
    [[['post_arg.model', 'm'], ['a', '1']], undefined],
    [['OR', ['post_arg.model', 'm'], ['a', '1']], true],
    [['OR', ['post_arg.model', 'm'], ['a', '2']], undefined],
    [['!AND', ['post_arg.model', 'm'], ['a', '2']], true],
    [['!OR', ['post_arg.model', 'm'], ['a', '2']], undefined],
  ])('%j without the body is %j', ([rule, answer]) => {
    expect(compile(rule).testWithoutBody({ a: '1' })).toBe(answer)
  })

  test.for<[rule: unknown, equalities: [string, unknown[]][]]>([
    [[], []],
    [[['a', '1']], [['a', ['1']]]],
    [[['a', '==', 1], ['b', 'IN', ['x', true]]], [['a', [1]], ['b', ['x', true]]]],
    [[['AND', ['a', '1'], [['b', '2']]]], [['a', ['1']], ['b', ['2']]]],
    [['OR', ['a', '1'], ['a', '2']], []],
    [['!AND', ['a', '1'], ['a', '2']], []],
    [[['a', '!', '==', '1']], []],
    [[['a', '~=', '1'], ['a', 'has', '1']], []],
    [[['a', '==', null]], []],
    [[['a', 'in', ['x', null]]], []],
    [[['a', 'in', []]], []],
    [[['unknown', '==', '1']], []],
  ])('%j requires the equalities %j', ([rule, equalities]) => {
    expect(compile(rule).equalities.map(({ name, values }) => [name, values])).toEqual(equalities)
  })
})
