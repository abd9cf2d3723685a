import { expect, it, test } from 'vitest'
import { compileTemplate, type Variables } from '../src/index.ts'

type Context = Readonly<Record<string, unknown>>
const variables: Variables<Context> = (name) =>
  name === 'unknown' ? undefined : { read: (context) => context[name], needsBody: name.startsWith('post_arg') }

const context: Context = {
  'a': 'x',
  'n': 7,
  'yes': true,
  'list': [1, 'b'],
  'empty': '',
  'null': null,
  'post_arg.tools[*].name': ['t'],
}

test.for<[template: string, text: string, resolved: number]>([
  ['', '', 0],
  ['plain', 'plain', 0],
  ['$a', 'x', 1],
  ['${a}', 'x', 1],
  ['${ a }', 'x', 1],
  ['<$a-${n}>', '<x-7>', 2],
  ['$a$n', 'x7', 2],
  ['$a.b', 'x.b', 1],
  ['$missing', '', 0],
  ['$unknown', '', 0],
  ['${null}', '', 0],
  ['${missing ?? fallback text }', 'fallback text', 0],
  ['${missing??$a}', '$a', 0],
  ['${a ?? fallback}', 'x', 1],
  ['${empty ?? fallback}', '', 1],
  ['${yes} ${list}', 'true [1,"b"]', 2],
  ['${post_arg.tools[*].name}', '["t"]', 1],
  ['\\$a', '$a', 0],
  ['\\${a}', '${a}', 0],
  ['100$ and $', '100$ and $', 0],
  ['${', '${', 0],
  ['${}', '${}', 0],
  ['${ ?? x}', '${ ?? x}', 0],
  ['${${a}}', '${x}', 1],
  ['back\\slash', 'back\\slash', 0],
])('it renders %j as %j with %j resolved', ([source, text, resolved]) => {
  const template = compileTemplate(source, variables)
  expect(template.render(context)).toBe(text)
  expect(template.renderCounted(context)).toEqual({ text, resolved })
})

it('does not expand what a value contains', () => {
  expect(compileTemplate('$a', variables).render({ a: '$n ${n}', n: 1 })).toBe('$n ${n}')
})

it('names its variables once each and knows whether it needs the body', () => {
  expect(compileTemplate('$a ${n} $a', variables)).toMatchObject({ names: ['a', 'n'], needsBody: false })
  const withBody = compileTemplate('$a ${post_arg.x ?? y}', variables)
  expect(withBody).toMatchObject({ names: ['a', 'post_arg.x'], needsBody: true })
})

it('compiles a long run of openings in no time', () => {
  const source = '${'.repeat(200_000)
  const started = performance.now()
  expect(compileTemplate(source, variables).render({})).toBe(source)
  expect(performance.now() - started).toBeLessThan(2000)
})
